#pragma once

// Writes JSON piece by piece onto the end of a string, with commas, colons and escapes where they belong:
//     Writer(out).begin_object().key("name").value("boat").key("tags").begin_array().end_array().end_object();

#include <cstdint>
#include <string>
#include <string_view>

#include "services/json/value.h"

namespace holm::json {

class Writer {
  public:
    explicit Writer(std::string& out) : out_(out) {}

    Writer& begin_object() { return open('{'); }
    Writer& end_object() { return close('}'); }
    Writer& begin_array() { return open('['); }
    Writer& end_array() { return close(']'); }
    Writer& key(std::string_view name);

    // Text that is not UTF-8 is written with U+FFFD in place of each byte that does not belong.
    Writer& value(std::string_view text);
    Writer& value(const std::string& text) { return value(std::string_view(text)); }
    Writer& value(const char* text) { return value(std::string_view(text)); }
    Writer& value(bool truth) { return literal(truth ? "true" : "false"); }
    Writer& value(std::nullptr_t) { return literal("null"); }
    Writer& value(std::int64_t number);
    Writer& value(std::uint64_t number);
    Writer& value(int number) { return value(std::int64_t{number}); }
    Writer& value(double number);  // shortest form that reads back the same; null for infinities and NaN, as
                                   // JSON has none
    Writer& value(const Value& tree);

  private:
    Writer& open(char bracket);
    Writer& close(char bracket);
    Writer& literal(std::string_view text);
    void separate();

    std::string& out_;
    bool comma_ = false;  // a value was written in this array or object
};

std::string to_string(const Value& value);

}  // namespace holm::json
