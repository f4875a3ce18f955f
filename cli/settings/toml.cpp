#include "cli/settings/toml.h"

#include "cli/settings/key_depth.h"
#include "cli/settings/library.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

Position position_of(const toml::source_region& region) {
    return {static_cast<std::uint32_t>(region.begin.line), static_cast<std::uint32_t>(region.begin.column)};
}

// Nesting has a bound: kMostKeyParts for each of TOML_MAX_NESTED_VALUES.
Value value_of(const toml::node& node) {
    using enum Value::Kind;
    Value value{.kind = kTime, .where = position_of(node.source())};
    if (const toml::table* table = node.as_table()) {
        value.kind = kTable;
        for (const auto& [key, member] : *table)  // a map: sorted
            value.table.push_back({{std::string(key.str()), position_of(key.source())}, value_of(member)});
    } else if (const toml::array* array = node.as_array()) {
        value.kind = kList;
        for (const toml::node& element : *array) value.list.push_back(value_of(element));
    } else if (const auto* text = node.as_string()) {
        value.kind = kText;
        value.text = text->get();
    } else if (const auto* number = node.as_integer()) {
        value.kind = kWholeNumber;
        value.number = number->get();
    } else if (const auto* boolean = node.as_boolean()) {
        value.kind = kBoolean;
        value.number = boolean->get() ? 1 : 0;
    } else if (node.is_floating_point()) {
        value.kind = kOtherNumber;
    }
    return value;
}

// What toml++ does not say of what it expected.
std::string_view expected_instead_of(std::string_view description) {
    constexpr std::pair<std::string_view, std::string_view> kExpected[] = {
        {"could not determine value type",
         "text in quotation marks, a number, true, false, a list [...] or a table { ... }"},
        {"cannot redefine", "each key and each table once"},
        {"cannot insert", "a table where keys of a table are given"},
        {"encountered end-of-file", "its other half"},
        {"unknown escape sequence",
         "one of \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX, or a text in '...', which has none"},
        {"leading zeroes", "a number without zeros in front"},
        {"control characters other than TAB", "the closing quotation mark on the same line"},
        {"utf-8", "text in UTF-8"},
    };
    for (const auto& [fragment, expected] : kExpected) {
        if (description.contains(fragment)) return expected;
    }
    return "";
}

}  // namespace

std::expected<Value, Mistake> parse_toml(std::string_view text) {
    if (const auto deep = find_deep_key(text))
        return std::unexpected(Mistake{*deep, formatted("a key of more than {} parts", kMostKeyParts)});
    const toml::parse_result result = toml::parse(text);
    if (result) return value_of(result.table());
    const toml::parse_error& error = result.error();
    const std::string_view expected = expected_instead_of(error.description());
    return std::unexpected(Mistake{position_of(error.source()),
                                   expected.empty()
                                       ? std::string(error.description())
                                       : formatted("{}; expected: {}", error.description(), expected)});
}

}  // namespace holm::cli
