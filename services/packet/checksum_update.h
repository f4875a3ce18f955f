#pragma once

// What a change of some bytes does to an Internet checksum that covers them, without looking at the rest
// (RFC 1624, equation 3). Words are taken as they lie in memory: the sum does not depend on the order of
// bytes (RFC 1071, section 2 B).

#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace holm::packet {

class ChecksumUpdate {
  public:
    // `before` and `after` have the same even size and begin at an even distance from where the sum begins.
    void replace(Bytes before, Bytes after) {
        for (std::size_t i = 0; i + 1 < before.size(); i += 2) replace(word(before, i), word(after, i));
    }
    constexpr void replace(std::uint16_t before, std::uint16_t after) {
        sum_ += std::uint32_t{std::uint16_t(~before)} + after;
    }

    // The new value of a field that holds a complement, as fields of finished packets do.
    constexpr std::uint16_t of_complement(std::uint16_t field) const {
        return std::uint16_t(~fold(std::uint64_t{std::uint16_t(~field)} + sum_));
    }
    // The new value of a field that holds a plain sum: that of the pseudo header, in a packet that a device
    // finishes.
    constexpr std::uint16_t of_sum(std::uint16_t field) const { return fold(std::uint64_t{field} + sum_); }

    static std::uint16_t word(Bytes bytes, std::size_t at) {
        std::uint16_t value = 0;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return value;
    }

  private:
    static constexpr std::uint16_t fold(std::uint64_t sum) {
        sum = (sum >> 32) + (sum & 0xffffffff);
        sum = (sum >> 16) + (sum & 0xffff);
        sum = (sum >> 16) + (sum & 0xffff);
        sum = (sum >> 16) + (sum & 0xffff);
        return std::uint16_t(sum);
    }

    std::uint64_t sum_ = 0;
};

}  // namespace holm::packet
