#include "net/address_text.h"

#include <doctest/doctest.h>

using namespace holm::net;

namespace {

std::string again(std::string_view text) {
    const auto address = parse_address(text);
    return address ? std::string(to_text(*address).view()) : "refused";
}

}  // namespace

TEST_CASE("addresses are read in all their forms and written in one (RFC 5952)") {
    CHECK(again("2001:0db8:0000:0000:0001:0000:0000:0001") == "2001:db8::1:0:0:1");
    CHECK(again("2001:DB8:0:1:1:1:1:1") == "2001:db8:0:1:1:1:1:1");
    CHECK(again("::") == "::");
    CHECK(again("::1") == "::1");
    CHECK(again("1::") == "1::");
    CHECK(again("0:0:1::") == "0:0:1::");
    CHECK(again("fe80::1%3") == "fe80::1%3");
    CHECK(again("fe80::1%127") == "fe80::1%127");
    CHECK(again("::ffff:10.0.0.1") == "10.0.0.1");
    CHECK(again("64:ff9b::192.0.2.33") == "64:ff9b::c000:221");
    CHECK(again("10.0.0.255") == "10.0.0.255");
    CHECK(again("1:2:3:4:5:6:7::") == "1:2:3:4:5:6:7:0");
}

TEST_CASE("what is no address is refused") {
    for (const char* text : {"",
                             ":",
                             ":::",
                             "1:2:3:4:5:6:7",
                             "1:2:3:4:5:6:7:8:9",
                             "1::2::3",
                             "12345::",
                             "g::",
                             "1:2:3:4:5:6:7:8::",
                             "fd00::1%1",
                             "fe80::1%",
                             "fe80::1%256",
                             "fe80::1%eth0",
                             "1.2.3",
                             "1.2.3.4.5",
                             "1.2.3.256",
                             "01.2.3.4",
                             "::1.2.3",
                             "1.2.3.4::",
                             "1:",
                             ":1",
                             "::1.2.3.4:5"}) {
        CAPTURE(text);
        CHECK(again(text) == "refused");
    }
}
