#pragma once

// Names of functions and of types for reports: tables that the build puts into the image (docs/decisions). An
// image that was linked without has none, and reports then show addresses, and names as the compiler mangled
// them.

#include <cstdint>

namespace holm {

struct Symbol {
    char name[144];        // NUL-terminated; empty: unknown
    std::uint64_t offset;  // of the address from the function's start
};

// `offset` counts the image's bytes of code (ImageLayout::code_offset).
Symbol find_symbol(std::uint64_t offset);

// What std::type_info::name() says, as a programmer writes it; the mangled name itself when the table lacks
// it.
const char* find_type_name(const char* mangled);

}  // namespace holm
