#pragma once

// The Internet checksum (RFC 1071): ones' complement sum of 16-bit big-endian words, built up piece by piece.

#include <cstdint>

#include "base/bytes.h"

namespace holm {

class InternetChecksum {
  public:
    constexpr InternetChecksum() = default;

    // Appends bytes to what is summed. Pieces may have any length; the sum is that of their concatenation.
    InternetChecksum& add(Bytes bytes);

    // Appends one word, given in host order. Precondition: an even number of bytes so far.
    constexpr InternetChecksum& add_word(std::uint16_t word) {
        sum_ += __builtin_bswap16(word);
        return *this;
    }
    constexpr InternetChecksum& add_double_word(std::uint32_t value) {
        return add_word(std::uint16_t(value >> 16)).add_word(std::uint16_t(value));
    }

    // The sum, folded to 16 bits, host order. This is what the checksum field of a packet holds whose
    // checksum the device completes; a correct packet, checksum included, sums up to 0xffff.
    constexpr std::uint16_t sum() const { return __builtin_bswap16(folded()); }
    // The complement: what a checksum field holds, host order.
    constexpr std::uint16_t value() const { return std::uint16_t(~sum()); }
    constexpr bool is_correct() const { return folded() == 0xffff; }

  private:
    // The sum is kept in memory order: RFC 1071, section 2(B), byte order independence. Little-endian hosts
    // only.
    constexpr std::uint16_t folded() const {
        std::uint64_t s = sum_;
        s = (s >> 32) + (s & 0xffffffff);
        s = (s >> 32) + (s & 0xffffffff);
        s = (s >> 16) + (s & 0xffff);
        s = (s >> 16) + (s & 0xffff);
        return std::uint16_t(s);
    }

    std::uint64_t sum_ =
        0;              // words of at most 32 bits: overflows after 2^32 of them, packets are far shorter
    bool odd_ = false;  // the next byte is the second of its word
};

}  // namespace holm
