#pragma once

// What is wrong with a configuration file, and where.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holm::cli {

// A place in the file, counted from 1. Line 0: the mistake is not at a place (a missing file, a command-line
// value).
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct Mistake {
    Position where;
    std::string text;
};

using Mistakes = std::vector<Mistake>;

// In the order of the file, and not more than a reader wants to see at once (20).
Mistakes in_order(Mistakes mistakes);

// "FILE:LINE:COLUMN: text", or "FILE: text".
std::string format_mistake(std::string_view file, const Mistake& mistake);

}  // namespace holm::cli
