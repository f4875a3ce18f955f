#include "net/tcp/sequence.h"

#include <doctest/doctest.h>

namespace holm::net::tcp {

TEST_CASE("sequence numbers compare the shorter way round") {
    const Seq high(0xffff'fff0);
    const Seq low(0x10);
    CHECK(high < low);
    CHECK(low > high);
    CHECK(high <= high);
    CHECK_FALSE(high < high);
    CHECK(low - high == 0x20);
    CHECK(high - low == -0x20);
    CHECK(high + 0x20 == low);
    CHECK(low - 0x20U == high);
    CHECK(distance(high, low) == 0x20);
    CHECK(earlier(high, low) == high);
    CHECK(later(high, low) == low);
}

TEST_CASE("half the circle is the limit") {
    const Seq zero(0);
    CHECK(zero < Seq(0x7fff'ffff));
    CHECK(zero > Seq(0x8000'0001));
}

}  // namespace holm::net::tcp
