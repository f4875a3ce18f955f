#include "services/dns/one_client.h"

#include <doctest/doctest.h>

using namespace holm::net;

TEST_CASE("whose connections are counted together") {
    using holm::dns::is_one_client;
    const auto v6 = [](std::uint8_t first, std::uint8_t subnet, std::uint8_t host) {
        return IpAddress::v6({first, 0x80, 0, 0, 0, 0, 0, subnet, 0, 0, 0, 0, 0, 0, 0, host});
    };
    CHECK(is_one_client(v6(0x20, 1, 1), v6(0x20, 1, 2)));
    CHECK_FALSE(is_one_client(v6(0x20, 1, 1), v6(0x20, 2, 1)));
    CHECK(is_one_client(IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 1)));
    // All of ::ffff:0:0/96 is one /64.
    CHECK_FALSE(is_one_client(IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2)));
    CHECK_FALSE(is_one_client(IpAddress::v4(10, 0, 0, 1), IpAddress::loopback_v6()));
    CHECK(is_one_client(v6(0xfe, 0, 1), v6(0xfe, 0, 1)));
    CHECK_FALSE(is_one_client(v6(0xfe, 0, 1), v6(0xfe, 0, 2)));
    CHECK_FALSE(is_one_client(v6(0xfe, 0, 1).with_zone(1), v6(0xfe, 0, 1).with_zone(2)));
}
