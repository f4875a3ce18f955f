// Packets of IPv4 through a router in process: where they go, what becomes of them, what their senders hear.

#include "tests/unit/services/route/router_packets.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using net::wire::Icmpv4Type;
using packet::Packet;
using route::Drop;
using Lab = RouterLab;

TEST_CASE("a packet goes on by another interface, one hop older, with right checksums") {
    for (const bool writable : {true, false}) {
        Lab lab({.writable = writable});
        lab.send(0, to_other(7));
        const auto sent = lab.received(1);
        REQUIRE(sent.size() == 1);
        const Packet& packet = *sent[0].packet;
        CHECK(packet.hop_limit() == 6);
        CHECK(packet.source() == Lab::host(0));
        CHECK(packet.destination() == Lab::host(1));
        CHECK(checksums_are_right(packet));
        CHECK(sent[0].destination() == Lab::neighbor_mac(Lab::host(1)));
        CHECK(net::wire::EthernetHeader::parse(sent[0].octets)->source == Lab::mac(1));
        CHECK(lab.received(0).empty());
        CHECK(lab.router->counters(0).forwarded == 1);
        CHECK(lab.router->counters(1).sent == 1);
    }
}

TEST_CASE("padding of short frames stays behind") {
    Lab lab({});
    Octets octets = to_other();
    const std::size_t size = octets.size();
    octets.resize(60);
    lab.send(0, octets);
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].octets.size() == size);
}

TEST_CASE("the router's addresses answer pings from every side") {
    Lab lab({});
    for (const std::size_t target : {0u, 1u, 2u}) {
        lab.send(0, frame(Lab::host(0), Lab::own(target), packet::kIcmp, icmp(8, 0, 1, 1)));
        const auto sent = lab.received(0);
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].packet->icmp_type() == 0);
        CHECK(sent[0].packet->source() == Lab::own(target));
    }
    CHECK(lab.router->counters(0).delivered == 3);
}

TEST_CASE("a packet at the end of its life is answered") {
    Lab lab({});
    for (const std::uint8_t ttl : {std::uint8_t{1}, std::uint8_t{0}}) {
        lab.send(0, to_other(ttl));
        const Told answer = told(lab);
        CHECK(answer.type == int(Icmpv4Type::kTimeExceeded));
        CHECK(answer.from == Lab::own(0));
    }
    CHECK(lab.drops(0, Drop::kHopLimit) == 2);
    CHECK(lab.received(1).empty());
}

TEST_CASE("no way, and ways that refuse") {
    Lab lab({.change = refuse_routes});
    struct Case {
        IpAddress to;
        int code;
        Drop reason;
    };
    for (const Case& one : {Case{IpAddress::v4(8, 8, 8, 8), 0, Drop::kNoRoute},
                            Case{IpAddress::v4(192, 0, 2, 1), -1, Drop::kBlackhole},
                            Case{IpAddress::v4(198, 51, 100, 1), 1, Drop::kUnreachable},
                            Case{IpAddress::v4(203, 0, 113, 1), 13, Drop::kProhibited}}) {
        lab.send(0, frame(Lab::host(0), one.to, packet::kUdp, udp(1, 2)));
        const Told answer = told(lab);
        CHECK(answer.code == one.code);
        CHECK(answer.type == (one.code < 0 ? -1 : int(Icmpv4Type::kUnreachable)));
        CHECK(lab.drops(0, one.reason) == 1);
    }
    lab.send(0, frame(Lab::host(0), IpAddress::v4(172, 20, 1, 1), packet::kUdp, udp(1, 2)));
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].destination() == Lab::neighbor_mac(Lab::host(1, 7)));
}

TEST_CASE("sources that cannot be are dropped") {
    Lab lab({});
    struct Case {
        IpAddress from;
        Drop reason;
    };
    for (const Case& one :
         {Case{IpAddress::v4(127, 0, 0, 1), Drop::kMartianSource},
          Case{IpAddress::v4(0, 1, 2, 3), Drop::kMartianSource},
          Case{IpAddress::v4(224, 0, 0, 5), Drop::kMartianSource},
          Case{IpAddress::v4(255, 255, 255, 255), Drop::kMartianSource},
          Case{Lab::own(0), Drop::kMartianSource}, Case{Lab::own(2), Drop::kMartianSource},
          Case{Lab::host(0, 255), Drop::kMartianSource}, Case{Lab::host(2), Drop::kReversePath},
          Case{IpAddress::v4(8, 8, 8, 8), Drop::kReversePath}}) {
        const auto before = lab.drops(0, one.reason);
        lab.send(0, frame(one.from, Lab::host(1), packet::kUdp, udp(1, 2)));
        CHECK(lab.received(1).empty());
        CHECK(lab.received(0).empty());
        CHECK(lab.drops(0, one.reason) == before + 1);
    }
}

TEST_CASE("a loose check asks for some way back, none asks for nothing") {
    Lab loose({.reverse_path = route::ReversePath::kLoose});
    loose.send(0, frame(Lab::host(2), Lab::host(1), packet::kUdp, udp(1, 2)));
    CHECK(loose.received(1).size() == 1);
    loose.send(0, frame(IpAddress::v4(8, 8, 8, 8), Lab::host(1), packet::kUdp, udp(1, 2)));
    CHECK(loose.received(1).empty());
    Lab off({.reverse_path = route::ReversePath::kOff});
    off.send(0, frame(IpAddress::v4(8, 8, 8, 8), Lab::host(1), packet::kUdp, udp(1, 2)));
    CHECK(off.received(1).size() == 1);
}

TEST_CASE("targets that are not forwarded to") {
    Lab lab({.reverse_path = route::ReversePath::kOff});
    for (const IpAddress to :
         {IpAddress::v4(127, 0, 0, 1), IpAddress::v4(0, 0, 0, 1), IpAddress::v4(240, 0, 0, 1)})
        lab.send(0, frame(Lab::host(0), to, packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kMartianTarget) == 3);
    // A directed broadcast from outside (RFC 2644), and groups.
    lab.send(0, frame(Lab::host(0), Lab::host(1, 255), packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kGroup) == 1);
    lab.send(0, frame(Lab::host(0), IpAddress::v4(224, 0, 0, 9), packet::kUdp, udp(1, 2)));
    lab.send(0, frame(Lab::host(0), IpAddress::v4(239, 1, 1, 1), packet::kUdp, udp(1, 2)));
    CHECK(lab.received(0).empty());
    CHECK(lab.received(1).empty());
}

TEST_CASE("IPv4 addresses of link scope stay on their link") {
    Lab lab(
        {.reverse_path = route::ReversePath::kOff, .change = [](route::TableParts& parts) {
             parts.routes.push_back(
                 {IpAddress::v4(169, 254, 0, 0), 16, route::WayKind::kForward, {1, true, Lab::host(1, 7)}});
         }});
    const IpAddress link_local = IpAddress::v4(169, 254, 1, 2);
    lab.send(0, frame(link_local, Lab::host(1), packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kScope) == 1);
    lab.send(0, frame(Lab::host(0), link_local, packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kScope) == 2);
    for (const std::size_t i : {0u, 1u, 2u}) CHECK(lab.received(i).empty());
    // The router itself may be talked to.
    lab.send(0, frame(link_local, Lab::own(0), packet::kIcmp, icmp(8, 0, 1, 1)));
    CHECK(lab.router->counters(0).delivered >= 1);
}

TEST_CASE("a packet beyond the MTU of its way: fragments, or word of it") {
    Lab lab({.change = [](route::TableParts&) {}});
    lab.interfaces[1]->limit_mtu(600);
    Octets octets = to_other(64, 1400);
    lab.send(0, octets);
    auto sent = lab.received(1);
    REQUIRE(sent.size() == 3);
    std::size_t total = 0;
    for (const auto& piece : sent) {
        CHECK(piece.packet->network().size() <= 600);
        CHECK(checksums_are_right(*piece.packet));
        CHECK(piece.packet->fragment().offset == total);
        total += piece.packet->transport().size();
    }
    CHECK(total == 1408);
    CHECK_FALSE(sent.back().packet->fragment().more);

    octets[14 + 6] = std::byte{0x40};  // do not fragment
    net::wire::Ipv4Header header = *net::wire::Ipv4Header::parse_quoted(Bytes(octets).subspan(14));
    header.emit(MutableBytes(octets).subspan(14));
    lab.send(0, octets);
    const Told answer = told(lab);
    CHECK(answer.type == int(Icmpv4Type::kUnreachable));
    CHECK(answer.code == 4);
    CHECK(answer.mtu == 600);
    CHECK(lab.drops(0, Drop::kTooBig) == 1);
    CHECK(lab.received(1).empty());
}

TEST_CASE("a neighbour that is silent") {
    Lab lab({});
    lab.silent.insert(Lab::host(1));
    lab.send(0, to_other());
    CHECK(lab.received(0).empty());
    for (int i = 0; i < 20; ++i) lab.wait(Duration::milliseconds(300));
    const Told answer = told(lab);
    CHECK(answer.type == int(Icmpv4Type::kUnreachable));
    CHECK(answer.code == 1);
    CHECK(lab.drops(0, Drop::kUnresolved) == 1);
}

TEST_CASE("a host that could do without the router is told so") {
    Lab lab({.change = refuse_routes});
    lab.send(0, frame(Lab::host(0), IpAddress::v4(172, 32, 1, 1), packet::kUdp, udp(1, 2)));
    const auto sent = lab.received(0);
    REQUIRE(sent.size() == 2);
    int redirects = 0;
    for (const auto& one : sent) {
        if (one.packet->protocol() != packet::kIcmp) continue;
        const auto header = net::wire::Icmpv4Header::parse(one.packet->transport(), true);
        CHECK(header->type == Icmpv4Type::kRedirect);
        CHECK(header->code == 1);
        CHECK(IpAddress::v4(std::uint32_t{header->first} << 16 | header->second) == Lab::host(0, 7));
        CHECK(one.packet->destination() == Lab::host(0));
        ++redirects;
    }
    CHECK(redirects == 1);
    CHECK(lab.router->counters(0).redirects == 1);
}

// RFC 1812, sections 4.3.2.3 and 4.3.2.5.
TEST_CASE("an error is internetwork control and quotes what fits 576 bytes") {
    Lab lab({});
    lab.send(0, to_other(1, 1200));
    const auto sent = lab.received(0);
    REQUIRE(sent.size() == 1);
    REQUIRE(sent[0].packet);
    CHECK(sent[0].packet->network().size() == 576);
    CHECK(sent[0].packet->network()[1] == std::byte{0xc0});
}

TEST_CASE("errors are rate-limited, and there is none about an error or a group") {
    Lab lab({});
    for (int i = 0; i < 500; ++i) lab.send(0, to_other(1));
    CHECK(lab.received(0).size() == net::icmp::Layer::kErrorBurst);
    lab.wait(Duration::seconds(1));
    lab.received(0);
    lab.send(0, frame(Lab::host(0), Lab::host(1), packet::kIcmp, icmp(3, 1), 1));
    lab.send(0, frame(Lab::host(0), Lab::host(1), packet::kIcmp, icmp(11, 0), 1));
    CHECK(lab.received(0).empty());
    lab.send(0, frame(Lab::host(0), Lab::host(1), packet::kIcmp, icmp(8, 0), 1));
    CHECK(lab.received(0).size() == 1);
}

TEST_CASE("source routes are refused, other options stay") {
    Lab lab({});
    const auto with_option = [](std::initializer_list<int> option) {
        Octets octets = to_other();
        Octets options;
        for (const int byte : option) options.push_back(std::byte(byte));
        octets.insert(octets.begin() + 34, options.begin(), options.end());
        octets[14] = std::byte(0x40 | (20 + options.size()) / 4);
        put16(octets, 14 + 2, std::uint16_t(octets.size() - 14));
        put16(octets, 14 + 10, 0);
        put16(octets, 14 + 10,
              InternetChecksum().add(Bytes(octets).subspan(14, 20 + options.size())).value());
        return octets;
    };
    lab.send(0, with_option({131, 7, 4, 10, 0, 1, 9, 0}));
    CHECK(told(lab).code == 5);
    CHECK(lab.drops(0, Drop::kSourceRoute) == 1);
    lab.send(0, with_option({148, 4, 0, 0}));  // router alert
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].packet->transport_offset() == 14 + 24);
    CHECK(checksums_are_right(*sent[0].packet));
}

TEST_CASE("malformed packets are counted and go nowhere") {
    Lab lab({});
    Octets octets = to_other();
    octets[14 + 10] ^= std::byte{1};
    lab.send(0, octets);
    CHECK(lab.drops(0, Drop::kBadChecksum) == 1);
    octets = to_other();
    octets.resize(30);
    lab.send(0, octets);
    octets = to_other();
    octets[14] = std::byte{0x65};
    lab.send(0, octets);
    CHECK(lab.drops(0, Drop::kMalformed) == 2);
    CHECK(lab.received(1).empty());
}
