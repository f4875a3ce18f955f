#pragma once

// SHA-256 (FIPS 180-4). For build tools and content hashes: plain and small, not the fastest.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/message_blocks.h"

namespace holm {

using Sha256Digest = std::array<std::uint8_t, 32>;

// A message that comes in pieces.
class Sha256 {
  public:
    static constexpr std::size_t kBlockSize = kMessageBlock;

    void add(Bytes piece);
    // Once, behind the last piece.
    Sha256Digest finish();

  private:
    std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::byte, kBlockSize> block_;  // that is not full yet
    std::uint64_t size_ = 0;                   // bytes of the message up to here
};

Sha256Digest sha256(Bytes message);

}  // namespace holm
