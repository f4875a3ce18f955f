#include "base/network_order.h"

#include <array>
#include <bit>

#include <doctest/doctest.h>

using namespace holm;

TEST_CASE("integers lie in memory most significant byte first") {
    const NetU32 value = 0x01020304;
    const auto bytes = std::bit_cast<std::array<std::uint8_t, 4>>(value);
    CHECK(bytes == std::array<std::uint8_t, 4>{1, 2, 3, 4});
    CHECK(value == 0x01020304u);
    NetU16 port;
    port = 80;
    CHECK(std::bit_cast<std::array<std::uint8_t, 2>>(port) == std::array<std::uint8_t, 2>{0, 80});
}
