#pragma once

// The core's random numbers: ChaCha20 with fast key erasure. Each refill's first bytes become the next key
// and what is handed out is erased at once, so that a later look into memory tells nothing about earlier
// numbers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace holm {

class RandomGenerator {
  public:
    static constexpr std::size_t kSeedSize = 64;

    // All of the seed and of `extra` go into the first key, so that either alone makes it unpredictable.
    RandomGenerator(std::span<const std::uint8_t, kSeedSize> seed, const std::array<std::uint64_t, 4>& extra);
    RandomGenerator(const RandomGenerator&) = delete;
    RandomGenerator& operator=(const RandomGenerator&) = delete;

    void fill(MutableBytes bytes);
    std::uint64_t next();

  private:
    static constexpr std::size_t kKeySize = 32;
    static constexpr std::size_t kBlocks = 4;

    void refill();

    std::array<std::uint32_t, 8> key_;
    std::array<std::byte, kBlocks * 64> buffer_;
    std::size_t available_ = 0;  // bytes at the end of the buffer that have not been handed out
};

}  // namespace holm
