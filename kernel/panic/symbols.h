#pragma once

// Names of functions for reports: a table that the build puts into the image (docs/decisions/0005). An image
// that was linked without has none, and reports then show addresses only.

#include <cstdint>
#include <string_view>

namespace holm {

struct Symbol {
    std::string_view name;  // empty: unknown
    std::uint64_t offset;   // of the address from the function's start
};

// `offset` counts from the first byte of the image's text.
Symbol find_symbol(std::uint64_t offset);

}  // namespace holm
