#pragma once

// Integers as they lie in a packet: big-endian, unaligned. Wire structures are made of these, so that no
// logic ever calls ntohs and a forgotten conversion does not compile.

#include <bit>
#include <cstdint>
#include <cstring>

namespace holm {

template <typename T>
class NetworkOrder {
  public:
    constexpr NetworkOrder() = default;
    constexpr NetworkOrder(T value) {
        store(value);
    }  // NOLINT: implicit, so that fields are assigned naturally

    constexpr operator T() const {  // NOLINT: implicit, see above
        T raw = std::bit_cast<T>(bytes_);
        return std::endian::native == std::endian::little ? std::byteswap(raw) : raw;
    }
    constexpr NetworkOrder& operator=(T value) {
        store(value);
        return *this;
    }

  private:
    struct Bytes {
        std::uint8_t at[sizeof(T)];
    };
    constexpr void store(T value) {
        bytes_ =
            std::bit_cast<Bytes>(std::endian::native == std::endian::little ? std::byteswap(value) : value);
    }
    Bytes bytes_{};
};

using NetU16 = NetworkOrder<std::uint16_t>;
using NetU32 = NetworkOrder<std::uint32_t>;
using NetU64 = NetworkOrder<std::uint64_t>;

static_assert(sizeof(NetU16) == 2 && alignof(NetU16) == 1);
static_assert(sizeof(NetU32) == 4 && alignof(NetU32) == 1);

}  // namespace holm
