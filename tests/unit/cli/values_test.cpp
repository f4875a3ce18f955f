#include "cli/text/values.h"

#include <doctest/doctest.h>

using namespace holm::cli;

TEST_CASE("sizes") {
    CHECK(parse_size("4K") == 4096);
    CHECK(parse_size("16M") == 16u << 20);
    CHECK(parse_size("1024G") == std::uint64_t{1} << 40);
    CHECK(parse_size("0K") == 0);
    for (const char* bad : {"", "M", "16", "16MB", "16m", "-1M", "+1M", " 1M", "1.5M", "3K", "1025G",
                            "99999999999999999999G", "18446744073709551615G"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_size(bad));
    }
    for (const char* text : {"0K", "4K", "68K", "1M", "1028K", "16M", "1G", "1024G"}) {
        CHECK(format_size(*parse_size(text)) == (std::string_view(text) == "1024G" ? "1024G" : text));
    }
}

TEST_CASE("names") {
    CHECK(parse_name("web-2_x") == "web-2_x");
    CHECK(parse_name(std::string(31, 'a')));
    for (const char* bad : {"", "Web", "2web", "-web", "we b", "w\xc3\xa9", "web/..", "."}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_name(bad));
    }
    CHECK_FALSE(parse_name(std::string(32, 'a')));
}

TEST_CASE("IPv4 addresses") {
    CHECK(parse_ipv4("10.0.0.255")->bytes == std::array<std::uint8_t, 4>{10, 0, 0, 255});
    CHECK(parse_ipv4("0.0.0.0"));
    for (const char* bad : {"", "10", "10.0.0", "10.0.0.0.0", "10.0.0.", ".0.0.1", "256.0.0.1", "01.0.0.1",
                            "a.0.0.1", "10.0.0.1 ", "10..0.1", "-1.0.0.1", "::1"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_ipv4(bad));
    }
}

TEST_CASE("a host's address and its network") {
    const auto network = parse_ipv4_network("10.1.2.3/16");
    REQUIRE(network);
    CHECK(network->mask() == 0xffff0000);
    CHECK(network->contains(*parse_ipv4("10.1.255.1")));
    CHECK_FALSE(network->contains(*parse_ipv4("10.2.0.1")));
    CHECK(parse_ipv4_network("10.0.0.0/31"));
    CHECK(parse_ipv4_network("10.0.0.7/32"));
    for (const char* bad :
         {"10.0.0.1", "10.0.0.1/", "10.0.0.1/0", "10.0.0.1/33", "10.0.0.1/x", "10.0.0.0/24", "10.0.0.255/24",
          "127.0.0.1/8", "0.1.2.3/8", "224.0.0.1/24", "255.255.255.255/32"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_ipv4_network(bad));
    }
}

TEST_CASE("numbers") {
    CHECK(parse_number("80", 1, 65535) == 80);
    for (const char* bad : {"", "0", "65536", "-1", "+1", "1 ", "0x10", "99999999999"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_number(bad, 1, 65535));
    }
}
