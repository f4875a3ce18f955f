// The examples of RFC 6724, section 10, as far as they need no policy of the administrator's.

#include "net/ip/address_selection.h"

#include <vector>

#include <doctest/doctest.h>

#include "net/address_text.h"

using namespace holm;
using namespace holm::net;

namespace {

IpAddress parsed(std::string_view text) {
    return *parse_address(text);
}

std::string source(std::vector<std::string_view> candidates, std::string_view destination,
                   std::string_view deprecated = {}) {
    std::vector<ndp::Address> addresses;
    for (const auto text : candidates) {
        ndp::Address address;
        address.address = parsed(text);
        address.state = ndp::Address::State::kUnique;
        if (text == deprecated) address.preferred_until = Instant();
        addresses.push_back(address);
    }
    const auto* chosen = ip::select_source(addresses, parsed(destination), Instant() + Duration::seconds(1));
    return chosen ? std::string(to_text(chosen->address).view()) : "none";
}

std::string order(std::vector<std::pair<std::string_view, std::string_view>> reaches) {
    std::vector<ip::Reach> list;
    for (const auto& [destination, from] : reaches)
        list.push_back({parsed(destination), from.empty() ? std::nullopt : std::optional(parsed(from))});
    ip::sort_destinations(list);
    std::string text;
    for (const auto& reach : list) text += std::string(to_text(reach.destination).view()) + " ";
    return text;
}

}  // namespace

TEST_CASE("section 10.1: the source address") {
    CHECK(source({"2001:db8:3::1", "fe80::1"}, "2001:db8:1::1") == "2001:db8:3::1");
    CHECK(source({"2001:db8:3::1", "fe80::1"}, "ff05::1") == "2001:db8:3::1");
    CHECK(source({"2001:db8:1::1", "2001:db8:2::1"}, "2001:db8:1::1", "2001:db8:1::1") == "2001:db8:1::1");
    CHECK(source({"fe80::1", "2001:db8:1::1"}, "fe80::2", "fe80::1") == "fe80::1");
    CHECK(source({"2001:db8:1::2", "2001:db8:3::2"}, "2001:db8:1::1") == "2001:db8:1::2");
    CHECK(source({"2002:c633:6401::2", "2001:db8:1::2"}, "2002:c633:6401::1") == "2002:c633:6401::2");
    CHECK(source({"2001:db8:1::2", "2001:db8:3::2"}, "2600::1", "2001:db8:1::2") == "2001:db8:3::2");
    CHECK(source({"fd00::2", "2001:db8:1::2"}, "2600::1") == "2001:db8:1::2");
    CHECK(source({"fd00::2", "2001:db8:1::2"}, "fd11::1") == "fd00::2");
    CHECK(source({}, "2001:db8:1::1") == "none");
}

TEST_CASE("section 10.2: the order of destinations") {
    CHECK(order({{"2001:db8:1::1", "2001:db8:1::2"}, {"198.51.100.121", "169.254.13.78"}}) ==
          "2001:db8:1::1 198.51.100.121 ");
    CHECK(order({{"2001:db8:1::1", "fe80::1"}, {"198.51.100.121", "198.51.100.117"}}) ==
          "198.51.100.121 2001:db8:1::1 ");
    CHECK(order({{"10.1.2.3", "10.1.2.4"}, {"2001:db8:1::1", "2001:db8:1::2"}}) == "2001:db8:1::1 10.1.2.3 ");
    CHECK(order({{"2001:db8:1::1", "2001:db8:1::2"}, {"fe80::1", "fe80::2"}}) == "fe80::1 2001:db8:1::1 ");
    CHECK(order({{"2001:db8:1::1", ""}, {"198.51.100.121", "198.51.100.117"}}) ==
          "198.51.100.121 2001:db8:1::1 ");
    CHECK(order({{"2001:db8:3ffe::1", "2001:db8:3f44::2"}, {"2001:db8:1::1", "2001:db8:1::2"}}) ==
          "2001:db8:1::1 2001:db8:3ffe::1 ");
    CHECK(order({{"2002:c633:6401::1", "2002:c633:6401::2"}, {"2001:db8:1::1", "2001:db8:1::2"}}) ==
          "2001:db8:1::1 2002:c633:6401::1 ");
}
