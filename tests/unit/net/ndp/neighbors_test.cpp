// Neighbours: who is told our address, who is asked for theirs, and whom we believe (RFC 4861, section 7).

#include <doctest/doctest.h>

#include "tests/support/ndp_messages.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

TEST_CASE("a solicitation for our address is answered and remembered") {
    HostV6 host({}, HostV6::fixed());
    host.receive_icmp(host.peer, ndp::solicited_node(host.address, 0),
                      solicitation(host.address, host.peer.mac));
    const auto reply = host.take();
    REQUIRE(type_of(reply) == Icmpv6Type::kNeighborAdvertisement);
    CHECK(reply->ethernet.destination == host.peer.mac);
    CHECK(reply->ip.destination == host.peer.address);
    CHECK(reply->ip.hop_limit == 255);
    const auto message = wire::NeighborAdvertisement::parse(reply->payload);
    CHECK(message->solicited);
    CHECK(message->overrides);
    CHECK_FALSE(message->router);
    CHECK(message->target_mac == HostV6::kMac);
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, {}));
    host.stack.transmit(host.now);
    CHECK(type_of(host.take()) == Icmpv6Type::kEchoRequest);  // no need to ask
}

TEST_CASE("neighbour messages from beyond the link are ignored") {
    HostV6 host({}, HostV6::fixed());
    host.receive_icmp(host.peer, host.address, solicitation(host.address, host.peer.mac), 254);
    CHECK(host.device.frames.empty());
    host.receive_icmp(host.peer, host.address, solicitation(parsed("fd00::3"), host.peer.mac));
    CHECK(host.device.frames.empty());  // and those about others
    host.receive_icmp({host.peer.mac, IpAddress()}, ndp::solicited_node(host.address, 0),
                      solicitation(host.address, host.peer.mac));
    CHECK(host.device.frames.empty());  // and from nobody with a MAC
}

TEST_CASE("neighbour messages of another code, cut off, or with an option of no length are dropped") {
    HostV6 host({}, HostV6::fixed());
    const Frame good = solicitation(host.address, host.peer.mac);
    Frame other_code = good, cut = good, no_length = good;
    other_code[1] = std::byte{1};
    cut.resize(20);
    no_length[25] = std::byte{0};
    for (const Frame& bad : {other_code, cut, no_length}) {
        host.receive_icmp(host.peer, ndp::solicited_node(host.address, 0), bad);
        CHECK(host.device.frames.empty());
    }
    CHECK(host.stack.counters()[Drop::kBadOption] == 2);
    CHECK(host.stack.counters()[Drop::kTruncated] == 1);
    host.receive_icmp(host.peer, ndp::solicited_node(host.address, 0), good);
    CHECK_FALSE(host.device.frames.empty());
}

// RFC 6980.
TEST_CASE("neighbour messages in fragments are ignored") {
    HostV6 host({}, HostV6::fixed());
    const Frame whole =
        icmpv6_message(host.peer.address, host.address, solicitation(host.address, host.peer.mac));
    wire::Ipv6Header header;
    header.source = host.peer.address;
    header.destination = host.address;
    header.hop_limit = 255;
    header.next_header = wire::kFragment;
    for (const auto& [begin, end] : {std::pair{0, 24}, std::pair{24, 32}}) {
        Frame piece(wire::Ipv6Fragment::kSize);
        wire::Ipv6Fragment{58, end < 32, std::uint16_t(begin), 7}.emit(piece);
        piece.insert(piece.end(), whole.begin() + begin, whole.begin() + end);
        host.receive_ip(header, piece, host.peer.mac);
    }
    CHECK(host.stack.counters()[Drop::kBadSource] == 1);
    CHECK(host.device.frames.empty());
}

TEST_CASE("a host answers no solicitation of routers and redirects nobody") {
    HostV6 host({}, HostV6::fixed());
    host.know(host.peer);
    Frame message(8);
    message[0] = std::byte{133};
    host.receive_icmp(host.peer, parsed("ff02::2"), message);
    host.receive_icmp(host.peer, host.address, message);
    host.receive_udp({host.peer.address, 1000}, {parsed("fd00::77"), 2000}, "for somebody else on the link");
    host.wait(Duration::seconds(5));
    CHECK(host.device.frames.empty());
}

TEST_CASE("who looks for duplicates of our address hears of us, as all nodes do") {
    HostV6 host({}, HostV6::fixed());
    host.receive_icmp({host.peer.mac, IpAddress()}, ndp::solicited_node(host.address, 0),
                      solicitation(host.address, {}, wire::NdpNonce{1, 2, 3, 4, 5, 6}));
    const auto reply = host.take();
    REQUIRE(type_of(reply) == Icmpv6Type::kNeighborAdvertisement);
    CHECK(reply->ip.destination == kAllNodes);
    const auto message = wire::NeighborAdvertisement::parse(reply->payload);
    CHECK_FALSE(message->solicited);
    CHECK(message->overrides);
    CHECK(message->target_mac == HostV6::kMac);
    CHECK(host.interface->is_own(host.address));
}

TEST_CASE("packets wait while their neighbour is asked for, three times") {
    HostV6 host({}, HostV6::fixed());
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, as_bytes("one")));
    host.stack.transmit(host.now);
    auto asked = host.take();
    REQUIRE(type_of(asked) == Icmpv6Type::kNeighborSolicitation);
    CHECK(asked->ip.destination == ndp::solicited_node(host.peer.address, 0));
    CHECK(asked->ip.source == host.address);
    CHECK(wire::NeighborSolicitation::parse(asked->payload)->source_mac == HostV6::kMac);
    SUBCASE("an answer lets them go") {
        host.resolve(host.peer);
        const auto sent = host.take();
        CHECK(type_of(sent) == Icmpv6Type::kEchoRequest);
        CHECK(sent->ethernet.destination == host.peer.mac);
    }
    SUBCASE("one to all nodes that says it was asked for is none") {
        host.receive_icmp(host.peer, kAllNodes, advertisement(host.peer.address, host.peer.mac, true, true));
        CHECK(host.device.frames.empty());
        CHECK(host.stack.counters()[Drop::kBadSource] == 1);
    }
    SUBCASE("without one they are given up") {
        for (int i = 0; i < 2; ++i) {
            host.wait(Duration::seconds(1));
            CHECK(type_of(host.take()) == Icmpv6Type::kNeighborSolicitation);
        }
        host.wait(Duration::seconds(1));
        CHECK(host.device.frames.empty());
        CHECK(host.stack.counters()[Drop::kUnresolved] == 1);
    }
    SUBCASE("an advertisement that nobody asked for makes no entry") {
        const Peer stranger{{{2, 0, 0, 0, 0, 7}}, parsed("fd00::7")};
        host.receive_icmp(stranger, kAllNodes, advertisement(stranger.address, stranger.mac, false, true));
        REQUIRE(host.stack.icmp_v6().ping(host.now, stranger.address, 1, {}));
        host.stack.transmit(host.now);
        CHECK(type_of(host.take()) == Icmpv6Type::kNeighborSolicitation);
    }
}

TEST_CASE("a neighbour in use that has not been heard of is probed by unicast, and forgotten if silent") {
    HostV6 host({}, HostV6::fixed());
    host.know(host.peer);  // known, but stale: it has only asked
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, {}));
    host.stack.transmit(host.now);
    host.clear();
    host.wait(Duration::seconds(5));
    auto probe = host.take();
    REQUIRE(type_of(probe) == Icmpv6Type::kNeighborSolicitation);
    CHECK(probe->ethernet.destination == host.peer.mac);
    CHECK(probe->ip.destination == host.peer.address);
    SUBCASE("an answer makes it reachable") {
        host.resolve(host.peer);
        host.wait(Duration::seconds(3));
        CHECK(host.device.frames.empty());
    }
    SUBCASE("silence") {
        for (int i = 0; i < 3; ++i) host.wait(Duration::seconds(1));
        host.clear();
        REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 2, {}));
        host.stack.transmit(host.now);
        probe = host.take();
        REQUIRE(type_of(probe) == Icmpv6Type::kNeighborSolicitation);
        CHECK(probe->ip.destination.is_multicast());
    }
    SUBCASE("another MAC without the override flag changes nothing but the trust") {
        host.resolve(host.peer);
        host.receive_icmp(host.peer, kAllNodes,
                          advertisement(host.peer.address, {{2, 9, 9, 9, 9, 9}}, false, false));
        REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 2, {}));
        host.stack.transmit(host.now);
        CHECK(host.take()->ethernet.destination == host.peer.mac);
        host.wait(Duration::seconds(5));
        CHECK(type_of(host.take()) == Icmpv6Type::kNeighborSolicitation);
    }
}

TEST_CASE("an address that another MAC claims stays where it answers") {
    HostV6 host({}, HostV6::fixed());
    host.know(host.peer);
    host.resolve(host.peer);
    const MacAddress thief{{2, 9, 9, 9, 9, 9}};
    const auto goes_to = [&] {
        CHECK(host.stack.icmp_v6().ping(host.now, host.peer.address, 2, {}));
        const auto sent = host.take();
        return type_of(sent) == Icmpv6Type::kEchoRequest ? sent->ethernet.destination : MacAddress();
    };
    host.clear();
    for (int i = 0; i < 5; ++i)
        host.receive_icmp(host.peer, kAllNodes, advertisement(host.peer.address, thief, false, true));
    host.stack.transmit(host.now);
    const auto probe = host.take();
    REQUIRE(type_of(probe) == Icmpv6Type::kNeighborSolicitation);
    CHECK(probe->ethernet.destination == host.peer.mac);
    CHECK(host.device.frames.empty());
    CHECK(host.stack.counters()[Drop::kContested] == 5);
    CHECK(goes_to() == host.peer.mac);
    SUBCASE("an answer settles it") {
        host.resolve(host.peer);
        host.wait(Duration::seconds(2));
        CHECK(host.device.frames.empty());
        CHECK(goes_to() == host.peer.mac);
    }
    SUBCASE("without one the address is asked for again") {
        host.wait(Duration::seconds(1));
        host.clear();
        REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 3, {}));
        host.stack.transmit(host.now);
        const auto again = host.take();
        REQUIRE(type_of(again) == Icmpv6Type::kNeighborSolicitation);
        CHECK(again->ip.destination.is_multicast());
    }
}

TEST_CASE("who scans a network through us fills no more than a part of the cache") {
    HostV6 host({}, HostV6::fixed());
    for (int i = 0; i < 1000; ++i) {
        auto bytes = parsed("fd00::1:0").bytes();
        bytes[14] = std::uint8_t(i >> 8);
        bytes[15] = std::uint8_t(i);
        (void)host.stack.icmp_v6().ping(host.now, IpAddress::v6(bytes), 1, {});
        host.stack.transmit(host.now);
    }
    CHECK(solicitations(host).size() == ndp::NeighborCache::kIncomplete);
    host.know(host.peer);
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, {}));
    host.stack.transmit(host.now);
    CHECK(type_of(host.take()) == Icmpv6Type::kEchoRequest);
}
