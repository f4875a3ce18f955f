#pragma once

// Text from outside, made fit for a message: quoted, control bytes escaped (no terminal escapes get through),
// cut when long.

#include <cstddef>
#include <string>
#include <string_view>

namespace holm::cli {

std::string quote(std::string_view text);

// The same without quotation marks: for text in a column of its own, or lines of their own.
inline constexpr std::size_t kLongestQuote =
    120;  // bytes; enough for a path, and a message stays a line or two
std::string printable(std::string_view text, std::size_t longest = kLongestQuote);

}  // namespace holm::cli
