#pragma once

// YAML 1.2 as far as configuration needs it: tables, lists and values, in either style. What is written
// without quotation marks is text, a whole number, true or false, or nothing (the core schema, but for
// fractions). Anchors, aliases, tags and second documents are refused.

#include <expected>
#include <string_view>

#include "cli/settings/value.h"

namespace holm::cli {

inline constexpr int kMostYamlLevels = 16;

// The file's table, or the first mistake.
std::expected<Value, Mistake> parse_yaml(std::string_view text);

}  // namespace holm::cli
