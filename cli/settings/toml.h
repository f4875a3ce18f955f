#pragma once

// TOML. toml++ is slow to compile, so that it stays behind this header.

#include <expected>
#include <string_view>

#include "cli/settings/value.h"

namespace holm::cli {

// The file's table, or the first mistake.
std::expected<Value, Mistake> parse_toml(std::string_view text);

}  // namespace holm::cli
