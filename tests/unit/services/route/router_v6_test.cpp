// Packets of IPv6 through a router in process.

#include <doctest/doctest.h>

#include "net/wire/icmpv6.h"
#include "tests/support/router_lab.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using net::wire::Icmpv6Type;
using packet::Packet;
using route::Drop;

namespace {

using Lab = RouterLab;

constexpr IpAddress kElsewhere = IpAddress::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

Octets to_other(std::uint8_t hop_limit = 64, std::size_t payload = 4) {
    return frame(Lab::host_v6(0), Lab::host_v6(1), packet::kUdp, udp(1000, 2000, payload), hop_limit);
}

struct Told {
    int type = -1;
    int code = -1;
    std::uint32_t value = 0;
    IpAddress from;
};
Told told(Lab& lab) {
    const auto sent = lab.received(0);
    if (sent.size() != 1 || !sent[0].packet || sent[0].packet->protocol() != packet::kIcmpv6) return {};
    CHECK(sent[0].packet->transport_checksum_ok());
    const auto header = net::wire::Icmpv6Header::parse(sent[0].packet->transport());
    return {int(header->type), header->code, header->value, sent[0].packet->source()};
}

}  // namespace

TEST_CASE("IPv6 goes on too") {
    Lab lab({});
    lab.send(0, to_other(9));
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].packet->hop_limit() == 8);
    CHECK(sent[0].packet->transport_checksum_ok());
    CHECK(sent[0].destination() == Lab::neighbor_mac(Lab::host_v6(1)));
}

TEST_CASE("errors of IPv6") {
    Lab lab({.change = [](route::TableParts& parts) {
        parts.routes.push_back({kElsewhere, 64, route::WayKind::kProhibited, {}});
    }});
    lab.send(0, to_other(1));
    Told answer = told(lab);
    CHECK(answer.type == int(Icmpv6Type::kTimeExceeded));
    CHECK(answer.from == Lab::own_v6(0));
    lab.send(0, frame(Lab::host_v6(0), kElsewhere, packet::kUdp, udp(1, 2)));
    answer = told(lab);
    CHECK(answer.type == int(Icmpv6Type::kUnreachable));
    CHECK(answer.code == 1);
    lab.send(0, frame(Lab::host_v6(0), IpAddress::v6({0x20, 2}), packet::kUdp, udp(1, 2)));
    answer = told(lab);
    CHECK(answer.type == int(Icmpv6Type::kUnreachable));
    CHECK(answer.code == 0);
    CHECK(lab.drops(0, Drop::kNoRoute) == 1);
    // A silent neighbour.
    lab.silent.insert(Lab::host_v6(1));
    lab.send(0, to_other());
    for (int i = 0; i < 20; ++i) lab.wait(Duration::milliseconds(300));
    answer = told(lab);
    CHECK(answer.code == 3);
    CHECK(lab.drops(0, Drop::kUnresolved) == 1);
}

TEST_CASE("IPv6 packets beyond the MTU are never cut on the way") {
    Lab lab({});
    lab.interfaces[1]->limit_mtu(1300);
    // limit_mtu() is of the link; IPv6 has taken its MTU at the start.
    const std::uint32_t mtu = lab.interfaces[1]->mtu_v6();
    lab.send(0, to_other(64, mtu - 47));
    const Told answer = told(lab);
    CHECK(answer.type == int(Icmpv6Type::kPacketTooBig));
    CHECK(answer.value == mtu);
    CHECK(lab.drops(0, Drop::kTooBig) == 1);
    CHECK(lab.received(1).empty());
    lab.send(0, to_other(64, mtu - 48));
    CHECK(lab.received(1).size() == 1);
}

TEST_CASE("addresses of link scope stay on their link") {
    Lab lab({});
    const IpAddress link_local = IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});
    lab.send(0, frame(link_local, Lab::host_v6(1), packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kScope) == 1);
    lab.received(0);
    lab.send(0, frame(Lab::host_v6(0), link_local, packet::kUdp, udp(1, 2)));
    lab.send(0, frame(Lab::host_v6(0), IpAddress::v6({0xff, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}),
                      packet::kUdp, udp(1, 2)));
    CHECK(lab.received(1).empty());
    CHECK(lab.received(2).empty());
}

TEST_CASE("IPv6 sources that cannot be") {
    Lab lab({});
    for (const IpAddress from :
         {IpAddress(), IpAddress::loopback_v6(), IpAddress::v6({0xff, 2}), Lab::own_v6(1)})
        lab.send(0, frame(from, Lab::host_v6(1), packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kMartianSource) == 4);
    lab.send(0, frame(Lab::host_v6(2), Lab::host_v6(1), packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kReversePath) == 1);
    CHECK(lab.received(1).empty());
}

TEST_CASE("a host of IPv6 that could do without the router is told so") {
    Lab lab({});
    lab.send(0, frame(Lab::host_v6(0), Lab::host_v6(0, 8), packet::kUdp, udp(1, 2)));
    lab.send(0, frame(Lab::host_v6(0), Lab::host_v6(0, 8), packet::kUdp, udp(1, 2)));
    int redirects = 0;
    for (const auto& one : lab.received(0)) {
        if (one.packet->protocol() != packet::kIcmpv6) continue;
        CHECK(one.packet->transport_checksum_ok());
        CHECK(one.packet->hop_limit() == 255);
        CHECK(one.packet->source().is_link_local());
        const auto redirect = net::wire::Redirect::parse(one.packet->transport());
        REQUIRE(redirect);
        CHECK(redirect->target == Lab::host_v6(0, 8));
        CHECK(redirect->destination == Lab::host_v6(0, 8));
        ++redirects;
    }
    CHECK(redirects >= 1);
}
