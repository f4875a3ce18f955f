// What routers say: prefixes, routes, redirects, and how much of it is believed (RFC 4861, section 6).

#include <doctest/doctest.h>

#include "tests/support/ndp_messages.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

TEST_CASE("a router's advertisement brings an address, a route, DNS servers and the MTU") {
    Automatic host;
    host.advertise(Advertisement(1800)
                       .mac(host.router.mac)
                       .mtu(1400)
                       .prefix("2001:db8:1::", 7200, 3600)
                       .dns("2001:db8::53", 600));
    const Address* own = host.address_in("2001:db8:1::");
    REQUIRE(own);
    CHECK(own->prefix_length == 64);
    CHECK(own->usable());
    CHECK(host.interface->mtu_v6() == 1400);
    REQUIRE(host.interface->ipv6().routers().dns().size() == 1);
    CHECK(host.interface->ipv6().routers().dns()[0].address == parsed("2001:db8::53"));
    host.clear();
    const auto far = host.stack.ip().route(parsed("2600::1"), {});
    REQUIRE(far);
    CHECK(far->source == own->address);
    CHECK(far->mtu == 1400);
    REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 1, {}));
    host.stack.transmit(host.now);
    const auto sent = host.take();
    REQUIRE(type_of(sent) == Icmpv6Type::kEchoRequest);
    CHECK(sent->ethernet.destination == host.router.mac);

    SUBCASE("the router goes away: no way out") {
        host.advertise(Advertisement(0));
        CHECK_FALSE(host.stack.ip().route(parsed("2600::1"), {}));
        CHECK(host.stack.ip().route(parsed("2001:db8:1::77"), {}));  // on the link
    }
    SUBCASE("the router's time is over") {
        host.wait(Duration::seconds(1801));
        CHECK_FALSE(host.stack.ip().route(parsed("2600::1"), {}));
        CHECK(host.interface->ipv6().routers().dns().empty());
    }
    SUBCASE("the address is deprecated, then invalid") {
        host.wait(Duration::seconds(3601));
        CHECK_FALSE(host.address_in("2001:db8:1::")->preferred(host.now));
        host.wait(Duration::seconds(3600));
        CHECK_FALSE(host.address_in("2001:db8:1::"));
    }
    SUBCASE("no message shortens the lifetime of an address below two hours") {
        host.advertise(Advertisement(1800).prefix("2001:db8:1::", 1, 1));
        host.wait(Duration::seconds(60));
        CHECK(host.address_in("2001:db8:1::"));
    }
    SUBCASE("it comes again and nothing is doubled") {
        host.advertise(Advertisement(1800).prefix("2001:db8:1::", 7200, 3600));
        CHECK(host.interface->ipv6().addresses().size() == 2);
    }
}

TEST_CASE("neighbours are asked as often as a router says, between 0.1 and 10 seconds") {
    for (const auto& [said, used] : {std::pair{2'000, 2'000}, std::pair{1, 100}, std::pair{60'000, 10'000}}) {
        CAPTURE(said);
        Automatic host;
        host.advertise(Advertisement(1800).timing(0, std::uint32_t(said)).prefix("2001:db8:1::", 7200, 3600));
        host.settle();
        REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2001:db8:1::77"), 1, {}));
        host.stack.transmit(host.now);
        CHECK(solicitations(host).size() == 1);
        host.wait(Duration::milliseconds(used - 1));
        CHECK(solicitations(host).empty());
        host.wait(Duration::milliseconds(1));
        CHECK(solicitations(host).size() == 1);
    }
}

// RFC 4861, section 6.3.2: chosen by chance around what the router says.
TEST_CASE("a neighbour is taken for reachable between half and one and a half of what a router says") {
    for (const auto& [seconds, is_asked] : {std::pair{49, false}, std::pair{151, true}}) {
        CAPTURE(seconds);
        Automatic host;
        host.advertise(Advertisement(1800).timing(100'000, 0).prefix("2001:db8:1::", 7200, 3600));
        host.settle();
        const Peer neighbor{{{2, 0, 0, 0, 0, 0x77}}, parsed("2001:db8:1::77")};
        const auto ping = [&](std::uint16_t sequence) {
            REQUIRE(host.stack.icmp_v6().ping(host.now, neighbor.address, sequence, {}));
            host.stack.transmit(host.now);
        };
        ping(1);
        host.receive_icmp(neighbor, host.address_in("2001:db8:1::")->address,
                          advertisement(neighbor.address, neighbor.mac, true, true));
        host.wait(Duration::seconds(seconds));
        host.clear();
        ping(2);
        const auto sent = host.take();
        REQUIRE(type_of(sent) == Icmpv6Type::kEchoRequest);
        CHECK(sent->ethernet.destination == neighbor.mac);
        host.wait(Duration::seconds(5));  // the delay before the first probe
        CHECK(solicitations(host).size() == (is_asked ? 1 : 0));
    }
}

// RFC 4191, section 2.2: the flags of an advertisement.
TEST_CASE("of two routers the one of higher preference is used") {
    constexpr std::uint8_t kHigh = 0x08, kLow = 0x18;
    const Peer second{{{2, 0, 0, 0, 0, 0x11}}, parsed("fe80::11")};
    for (const auto& [first, other, wanted] :
         {std::tuple{std::uint8_t{0}, kHigh, 2}, std::tuple{std::uint8_t{0}, kLow, 1},
          std::tuple{kLow, std::uint8_t{0}, 2}, std::tuple{kHigh, std::uint8_t{0}, 1}}) {
        Automatic host;
        host.advertise(Advertisement(1800, first).mac(host.router.mac).prefix("2001:db8:1::", 7200, 3600));
        host.receive_icmp(second, kAllNodes, Advertisement(1800, other).mac(second.mac).bytes);
        host.settle();
        REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 1, {}));
        host.stack.transmit(host.now);
        const auto sent = host.take();
        REQUIRE(type_of(sent) == Icmpv6Type::kEchoRequest);
        CHECK(sent->ethernet.destination == (wanted == 1 ? host.router.mac : second.mac));
    }
}

TEST_CASE("a router's search list lasts as long as it says (RFC 8106)") {
    Automatic host;
    host.advertise(Advertisement(1800).search(600));
    const auto count = [&] { return host.stack.search_list(*host.interface).count; };
    REQUIRE(count() == 1);
    CHECK(host.stack.search_list(*host.interface).domains[0] == *resolve::DomainName::parse("lan"));
    SUBCASE("until its time is over") {
        host.wait(Duration::seconds(599));
        CHECK(count() == 1);
        host.wait(Duration::seconds(1));
        CHECK(count() == 0);
    }
    SUBCASE("until it is taken back") {
        host.advertise(Advertisement(1800).search(0));
        CHECK(count() == 0);
    }
}

TEST_CASE("advertisements that no router on the link can have sent are ignored") {
    Automatic host;
    const auto good = Advertisement(1800).prefix("2001:db8:1::", 7200, 3600);
    host.advertise(good, 64);
    CHECK_FALSE(host.address_in("2001:db8:1::"));
    host.receive_icmp(host.peer, kAllNodes, good.bytes);  // not from a link-local address
    CHECK_FALSE(host.address_in("2001:db8:1::"));
    auto cut = good;
    cut.bytes.resize(20);
    host.advertise(cut);
    CHECK_FALSE(host.address_in("2001:db8:1::"));
    host.advertise(Advertisement(1800)
                       .prefix("fe80::", 7200, 3600)
                       .prefix("2001:db8:2::", 10, 20)
                       .prefix("2001:db8:3::", 7200, 3600, 0xc0, 63));
    CHECK(host.interface->ipv6().addresses().size() == 1);
    CHECK(host.stack.ip().route(parsed("2001:db8:3::5"), {}));  // on the link all the same
    host.advertise(good);
    CHECK(host.address_in("2001:db8:1::"));
}

TEST_CASE("a flood of advertisements is bounded in addresses, routers and work") {
    Automatic host;
    for (int i = 0; i < 500; ++i) {
        const Peer attacker{
            {{2, 1, 0, 0, std::uint8_t(i >> 8), std::uint8_t(i)}},
            ndp::stable_address(parsed("fe80::"), std::uint8_t(i), std::uint8_t(i >> 8), {7, 7})};
        Advertisement message(1800);
        for (int j = 0; j < 8; ++j) {
            auto prefix = parsed("2001:db8::").bytes();
            prefix[4] = std::uint8_t(i);
            prefix[5] = std::uint8_t(i >> 8);
            prefix[6] = std::uint8_t(j);
            message.prefix(to_text(IpAddress::v6(prefix)), 7200, 3600);
        }
        host.receive_icmp(attacker, kAllNodes, message.bytes);
        host.wait(Duration::milliseconds(200));
        host.clear();
    }
    CHECK(host.interface->ipv6().addresses().size() <= ndp::AddressSet::kCapacity);
    CHECK(host.interface->ipv6().routers().routers().size() == ndp::RouterLists::kRouters);
    // What can be learned, and the interface's own.
    constexpr std::size_t kOwn = 8;
    CHECK(host.stack.ip().routes().entries().size() <=
          ndp::RouterLists::kRouters + ndp::RouterLists::kPrefixes + kOwn);
}

TEST_CASE("who says that it is no router any more is no way out any more") {
    Automatic host;
    host.advertise(Advertisement(1800).mac(host.router.mac).prefix("2001:db8:1::", 7200, 3600));
    CHECK(host.stack.ip().route(parsed("2600::1"), {}));
    host.receive_icmp(host.router, kAllNodes,
                      advertisement(host.router.address, host.router.mac, false, true, true));
    CHECK(host.stack.ip().route(parsed("2600::1"), {}));
    host.receive_icmp(host.router, kAllNodes,
                      advertisement(host.router.address, host.router.mac, false, true, false));
    host.wait(Duration());
    CHECK_FALSE(host.stack.ip().route(parsed("2600::1"), {}));
}

TEST_CASE("when a router falls silent another one takes over") {
    Automatic host;
    const Peer second{{{2, 0, 0, 0, 0, 0x11}}, parsed("fe80::11")};
    host.advertise(Advertisement(1800).mac(host.router.mac).prefix("2001:db8:1::", 7200, 3600));
    host.receive_icmp(second, kAllNodes, Advertisement(1800).mac(second.mac).bytes);
    host.settle();
    REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 1, {}));
    host.stack.transmit(host.now);
    CHECK(host.take()->ethernet.destination == host.router.mac);
    for (int i = 0; i < 10; ++i) host.wait(Duration::seconds(1));
    host.clear();
    REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 2, {}));
    host.stack.transmit(host.now);
    CHECK(host.take()->ethernet.destination == second.mac);
}

TEST_CASE("redirects are followed only if that is wanted, and only from our router") {
    Ipv6Configuration configuration = HostV6::automatic();
    SUBCASE("not wanted") {
        configuration.accept_redirects = false;
    }
    SUBCASE("wanted") {
        configuration.accept_redirects = true;
    }
    HostV6 host({}, configuration);
    host.receive_icmp(host.router, kAllNodes,
                      Advertisement(1800).mac(host.router.mac).prefix("2001:db8:1::", 7200, 3600).bytes);
    host.settle();
    const IpAddress own = host.stack.ip().route(parsed("2600::1"), {})->source;
    const Peer better{{{2, 0, 0, 0, 0, 0x22}}, parsed("fe80::22")};
    Frame message{std::byte{137}, {}, {}, {}, {}, {}, {}, {}};
    for (const IpAddress& address : {better.address, parsed("2600::1")})
        for (const std::uint8_t byte : address.bytes()) message.push_back(std::byte(byte));
    message.insert(message.end(), {std::byte{2}, std::byte{1}});
    for (const std::uint8_t byte : better.mac.bytes) message.push_back(std::byte(byte));
    host.receive_icmp(better, own, message);  // says so itself
    const auto next = [&] {
        host.clear();
        REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 1, {}));
        host.stack.transmit(host.now);
        return host.take()->ethernet.destination;
    };
    CHECK(next() == host.router.mac);
    host.receive_icmp(host.router, own, message);
    CHECK(next() == (configuration.accept_redirects ? better.mac : host.router.mac));
}
