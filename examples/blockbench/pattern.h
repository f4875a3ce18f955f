#pragma once

// Blocks that can be checked: offset, a pattern that offset and seed determine, and a checksum at the end.

#include <cstdint>

#include "base/bytes.h"

// Precondition: `block` has at least 512 bytes, a multiple of 8.
void write_pattern(holm::MutableBytes block, std::uint64_t offset, std::uint64_t seed);

// What is wrong with a block that should be the one of this offset; null if nothing is.
const char* check_pattern(holm::Bytes block, std::uint64_t offset, std::uint64_t seed);
