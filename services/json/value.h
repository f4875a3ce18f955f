#pragma once

// A JSON value as a small tree, and the strict parser that makes it (RFC 8259).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace holm::json {

class Value;
struct Member;
using Array = std::vector<Value>;
using Object = std::vector<Member>;  // in the order of the text; keys are unique

class Value {
  public:
    // Implicit, so that trees can be written down. Defined below, where Member is complete.
    Value();                        // null
    Value(std::nullptr_t);          // NOLINT
    Value(bool value);              // NOLINT
    Value(std::int64_t value);      // NOLINT
    Value(int value);               // NOLINT
    Value(double value);            // NOLINT
    Value(std::string value);       // NOLINT
    Value(std::string_view value);  // NOLINT
    Value(const char* value);       // NOLINT
    Value(Array value);             // NOLINT
    Value(Object value);            // NOLINT

    // Null when the value is of another type.
    const bool* as_bool() const { return std::get_if<bool>(&data_); }
    const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&data_); }
    const double* as_double() const { return std::get_if<double>(&data_); }
    const std::string* as_string() const { return std::get_if<std::string>(&data_); }
    const Array* as_array() const { return std::get_if<Array>(&data_); }
    const Object* as_object() const { return std::get_if<Object>(&data_); }
    bool is_null() const { return std::holds_alternative<std::monostate>(data_); }

    // The member of that name; null when there is none or this is no object.
    const Value* find(std::string_view key) const;

    friend bool operator==(const Value&, const Value&);

  private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

struct Member {
    std::string key;
    Value value;
    friend bool operator==(const Member&, const Member&) = default;
};

inline Value::Value() = default;
inline Value::Value(std::nullptr_t) {}
inline Value::Value(bool value) : data_(value) {}
inline Value::Value(std::int64_t value) : data_(value) {}
inline Value::Value(int value) : data_(std::int64_t{value}) {}
inline Value::Value(double value) : data_(value) {}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(std::string_view value) : data_(std::string(value)) {}
inline Value::Value(const char* value) : data_(std::string(value)) {}
inline Value::Value(Array value) : data_(std::move(value)) {}
inline Value::Value(Object value) : data_(std::move(value)) {}

struct Limits {
    std::size_t bytes = 1 << 20;   // of the text
    std::size_t depth = 32;        // of arrays and objects within each other
    std::size_t values = 100'000;  // in all; one takes 32 bytes
};

// Where the text stops being JSON; both count from 1, columns in characters.
struct ParseError {
    const char* what;
    std::size_t line;
    std::size_t column;

    std::string to_string() const;  // "line 3, column 7: an object's key appears twice"
};

// The whole text must be one value. Integers that fit become std::int64_t, all other numbers the nearest
// double (one too great for that is refused). Strings must be UTF-8. A key that appears twice is refused:
// readers would disagree.
Result<Value, ParseError> parse(std::string_view text, const Limits& limits = {});

}  // namespace holm::json
