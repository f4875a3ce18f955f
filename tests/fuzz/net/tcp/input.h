#pragma once

// The bytes of a fuzz input, taken from the front; zeros when they are used up.

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace holm::net::tcp::test {

class FuzzInput {
  public:
    FuzzInput(const std::uint8_t* data, std::size_t size) : left_(data, size) {}
    bool empty() const { return left_.empty(); }
    std::uint8_t byte() {
        if (left_.empty()) return 0;
        const std::uint8_t value = left_.front();
        left_ = left_.subspan(1);
        return value;
    }
    std::uint16_t word() { return std::uint16_t(byte() << 8U | byte()); }
    // Mostly small numbers of either sign, sometimes any.
    std::int32_t distance() {
        const std::uint8_t kind = byte();
        if (kind < 128) return std::int32_t(kind) - 64;
        if (kind < 224) return std::int16_t(word());
        return std::int32_t(std::uint32_t{word()} << 16U | word());
    }
    std::vector<std::byte> bytes(std::size_t count) {
        count = count < left_.size() ? count : left_.size();
        const auto taken = std::as_bytes(left_.first(count));
        left_ = left_.subspan(count);
        return {taken.begin(), taken.end()};
    }

  private:
    std::span<const std::uint8_t> left_;
};

}  // namespace holm::net::tcp::test
