#pragma once

// Names of functions for reports: a table that the build puts into the image (docs/decisions). An image that
// was linked without has none, and reports then show addresses only.

#include <cstdint>

namespace holm {

struct Symbol {
    char name[144];        // NUL-terminated; empty: unknown
    std::uint64_t offset;  // of the address from the function's start
};

// `offset` counts from the first byte of the image's code.
Symbol find_symbol(std::uint64_t offset);

}  // namespace holm
