// Server cookies, against RFC 9018, appendix A.

#include "services/dns/cookie.h"

#include <array>

#include <doctest/doctest.h>

#include "net/address_text.h"
#include "services/dns/master/text_encodings.h"

using namespace holm;
using namespace holm::dns;

TEST_CASE("the RFC's examples") {
    // Secret e5e973e5a6b2a43f48e7dc849e37bfcf.
    const CookieMaker maker({0x3fa4b2a6e573e9e5, 0xcfbf379e84dce748});
    const auto client = *parse_hex("2464c4abcf10c957");
    const auto address = *net::parse_address("198.51.100.100");
    const auto cookie = maker.make(as_bytes(client), address, 1'559'731'985);
    CHECK(as_text(cookie) == *parse_hex("2464c4abcf10c957010000005cf79f111f8130c3eee29480"));
    CHECK(maker.is_good(cookie, address, 1'559'731'985 + 3600));
    CHECK_FALSE(maker.is_good(cookie, address, 1'559'731'985 + 3601));
    CHECK(maker.is_good(cookie, address, 1'559'731'985 - 300));
    CHECK_FALSE(maker.is_good(cookie, address, 1'559'731'985 - 301));
    CHECK_FALSE(maker.is_good(cookie, net::IpAddress::v4(198, 51, 100, 101), 1'559'731'985));
}
