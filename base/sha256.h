#pragma once

// SHA-256 (FIPS 180-4). For build tools and content hashes: plain and small, not the fastest.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace holm {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest sha256(Bytes message);

}  // namespace holm
