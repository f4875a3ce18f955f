#pragma once

// The names that nft gives to fields and to values.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "services/filter/language/rules.h"

namespace holm::filter::language {

struct FieldName {
    std::string_view protocol;  // "ip", "meta", …
    std::string_view name;
    Field field;
    Type type;
};
std::span<const FieldName> field_names();

struct ValueName {
    Type type;
    std::string_view name;
    std::uint32_t value;
};
std::optional<std::uint32_t> find_value(Type type, std::string_view name);
// "a, b, c": what may stand for a value of a type, for messages.
std::string allowed_values(Type type);

// The type of `type ipv4_addr …` in sets and maps.
std::optional<Type> find_type(std::string_view name);
std::string allowed_types();
// Bits of a value. kInteger has none of its own.
unsigned bits_of(Type type);
// Whether a value may be compared with a set of this type.
bool compatible(Type field, Type set);
// A set of bits: a plain value means "any of these".
bool is_bitmask(Type type);

}  // namespace holm::filter::language
