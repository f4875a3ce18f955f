// Path MTU discovery for IPv4 (RFC 1191): UDP and routes; TCP's own side is in the scripts.

#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

struct Sender : Host {
    Sender() {
        know(kPeer);
        socket = *stack.udp().open();
        REQUIRE(socket->connect({kPeer.address, 53}));
    }
    // A router says that a datagram of this size from this port was too long.
    void too_big(std::uint16_t mtu, std::uint16_t size, std::uint16_t port) {
        wire::Ipv4Header quoted;
        quoted.source = kAddress;
        quoted.destination = kPeer.address;
        quoted.protocol = 17;
        quoted.dont_fragment = true;
        Frame packet = ipv4_packet(quoted, udp_datagram({kAddress, port}, {kPeer.address, 53}, Frame(20)));
        packet[2] = std::byte(size >> 8);
        packet[3] = std::byte(size);
        receive_ip(from(kGateway, ip::Protocol::kIcmp),
                   icmp_message({wire::Icmpv4Type::kUnreachable, 4, 0, mtu}, packet));
    }
    std::uint16_t mtu() { return stack.ip().route(kPeer.address, {})->mtu; }
    std::unique_ptr<udp::Socket> socket;
};

}  // namespace

TEST_CASE("fragmentation needed: datagrams are cut to what the way carries, for ten minutes") {
    Sender host;
    const std::uint16_t port = host.socket->local().port;
    CHECK(host.mtu() == 1500);
    host.too_big(1400, 1500, std::uint16_t(port ^ 1));  // not about a socket of ours
    CHECK(host.mtu() == 1500);
    host.too_big(1500, 1500, port);  // would have let it pass
    CHECK(host.mtu() == 1500);
    host.too_big(1400, 1500, port);
    CHECK(host.mtu() == 1400);
    REQUIRE(host.socket->send(host.now, Frame(1450)));
    std::size_t fragments = 0;
    while (const auto sent = sent_ip(host.device.take())) {
        ++fragments;
        CHECK(sent->ip.total_length <= 1400);
    }
    CHECK(fragments == 2);
    host.too_big(0, 1400, port);  // a router of old: the next plateau
    CHECK(host.mtu() == 1006);
    host.too_big(68, 1006, port);
    CHECK(host.mtu() == ip::PathMtuCache::kSmallestV4);
    host.wait(ip::PathMtuCache::kLifetime);
    CHECK(host.mtu() == 1500);
}

TEST_CASE("what is known of paths is bounded") {
    ip::PathMtuCache cache;
    Instant now;
    for (int i = 0; i < 1000; ++i) {
        now = now + Duration::milliseconds(1);
        cache.learn(now, IpAddress::v4(std::uint32_t(i)), 1300);
    }
    CHECK(cache.find(IpAddress::v4(999u)) == 1300);
    CHECK(cache.find(IpAddress::v4(1u)) == ip::PathMtuCache::kNothing);
}
