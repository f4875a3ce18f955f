#pragma once

// Keys with many parts: toml++ makes a table within a table of each, and takes them apart again by recursion.

#include <optional>
#include <string_view>

#include "cli/settings/mistake.h"

namespace holm::cli {

inline constexpr int kMostKeyParts = 16;

// Where a key (or what else has dots) goes on beyond kMostKeyParts; nothing: nowhere. Quoted text and
// comments are passed over.
std::optional<Position> find_deep_key(std::string_view text);

}  // namespace holm::cli
