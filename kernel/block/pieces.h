#pragma once

// Scatter and gather: memory in pieces, seen as one run of bytes.

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace holm {

std::uint64_t size_of(std::span<const MutableBytes> pieces);

// Both begin `offset` bytes into the pieces and copy as much as `from` or `to` has; precondition: it fits.
void copy_into(std::span<const MutableBytes> pieces, std::uint64_t offset, Bytes from);
void copy_out_of(std::span<const MutableBytes> pieces, std::uint64_t offset, MutableBytes to);

}  // namespace holm
