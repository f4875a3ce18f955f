#pragma once

// SipHash-2-4 (Aumasson, Bernstein 2012): a short keyed hash that an outsider cannot predict. Initial
// sequence numbers, ports, IP identifiers, hash tables keyed by what a peer chooses.

#include <cstdint>

#include "base/bytes.h"

namespace holm {

struct SipHashKey {
    std::uint64_t low = 0;   // key bytes 0..7, little-endian
    std::uint64_t high = 0;  // key bytes 8..15
};

std::uint64_t siphash(const SipHashKey& key, Bytes message);

// Unpredictable numbers from a key and a counter: enough for ports and jitter, and the same again for the
// same key.
class KeyedRandom {
  public:
    explicit constexpr KeyedRandom(const SipHashKey& key) : key_(key) {}

    std::uint64_t next();
    // Uniform in [0, bound), up to a bias of bound / 2^64. Precondition: bound > 0.
    std::uint64_t below(std::uint64_t bound);

  private:
    SipHashKey key_;
    std::uint64_t counter_ = 0;
};

}  // namespace holm
