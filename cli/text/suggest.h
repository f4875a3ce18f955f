#pragma once

// Help for a mistyped word.

#include <span>
#include <string>
#include <string_view>

namespace holm::cli {

// The candidate nearest to `word` by edit distance (insert, delete, replace, swap of neighbours), or "" when
// none is near enough to be meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "a, b, c"
std::string join(std::span<const std::string_view> words);

}  // namespace holm::cli
