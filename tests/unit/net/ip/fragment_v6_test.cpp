// Fragments of IPv6 datagrams (RFC 8200, section 4.5; RFC 5722; RFC 7112).

#include <doctest/doctest.h>

#include "tests/support/fake_link_v6.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

struct Fragmented : HostV6 {
    Fragmented() : HostV6({}, fixed()) {
        know(peer);
        socket = *stack.udp().open();
        REQUIRE(socket->bind({{}, 7}));
        Frame payload(4000);
        for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = std::byte(i * 7);
        whole = udp_datagram({peer.address, 9}, {address, 7}, payload);
    }
    void send(std::size_t begin, const Frame& payload, bool more, std::uint32_t id = 1,
              std::uint8_t next = 17) {
        Frame bytes(wire::Ipv6Fragment::kSize);
        wire::Ipv6Fragment{next, more, std::uint16_t(begin), id}.emit(bytes);
        wire::Ipv6Header header;
        header.source = peer.address;
        header.destination = address;
        header.next_header = wire::kFragment;
        receive_ip(header, bytes + payload, peer.mac);
    }
    void fragment(std::size_t begin, std::size_t end, std::uint32_t id = 1) {
        send(begin, Frame(whole.begin() + std::ptrdiff_t(begin), whole.begin() + std::ptrdiff_t(end)),
             end < whole.size(), id);
    }
    bool heard() {
        const auto datagram = socket->front();
        const bool same = datagram && std::equal(datagram->payload.begin(), datagram->payload.end(),
                                                 whole.begin() + 8, whole.end());
        if (datagram) socket->pop();
        return same;
    }
    std::unique_ptr<udp::Socket> socket;
    Frame whole;
};

}  // namespace

TEST_CASE("IPv6 fragments become a datagram in any order") {
    Fragmented host;
    host.fragment(2400, 4008);
    host.fragment(0, 1200);
    host.fragment(0, 1200);  // a duplicate of the network's
    CHECK_FALSE(host.heard());
    host.fragment(1200, 2400);
    CHECK(host.heard());
    CHECK(host.stack.next_deadline() > host.now);
}

TEST_CASE("an overlap ends the datagram, and what else comes of it (RFC 5722)") {
    Fragmented host;
    host.fragment(0, 1200);
    SUBCASE("into the next") {
        host.fragment(1192, 2400);
    }
    SUBCASE("within, with other bytes") {
        host.send(8, Frame(16, std::byte{0x55}), true);
    }
    SUBCASE("over all") {
        host.fragment(0, 2400);
    }
    host.fragment(0, 1200);
    host.fragment(1200, 2400);
    host.fragment(2400, 4008);
    CHECK_FALSE(host.heard());
    CHECK(host.stack.counters()[Drop::kOverlap] == 4);
    host.wait(ip::Reassembler::kTimeout);
    host.fragment(0, 1200);
    host.fragment(1200, 2400);
    host.fragment(2400, 4008);
    CHECK(host.heard());
}

TEST_CASE("fragments whose numbers cannot be are refused, with an error") {
    Fragmented host;
    SUBCASE("an odd length in the middle") {
        host.send(0, Frame(1201), true);
        const auto sent = host.take();
        REQUIRE(sent);
        CHECK(wire::Icmpv6Header::parse(sent->payload)->value == 4);
    }
    SUBCASE("beyond the longest packet") {
        host.send(65'528, Frame(64), false);
        const auto sent = host.take();
        REQUIRE(sent);
        CHECK(wire::Icmpv6Header::parse(sent->payload)->value == 42);
    }
    CHECK(host.stack.counters()[Drop::kBadLength] == 1);
}

TEST_CASE("a first fragment holds the whole chain of headers (RFC 7112)") {
    Fragmented host;
    host.send(0, Frame(8), true, 1, 6);  // a piece of a TCP header
    CHECK(host.stack.counters()[Drop::kTruncated] == 1);
    Frame inside{std::byte{17}, {}, {}, std::byte{1}, {}, {}, {}, {}};
    host.send(0, inside + Frame(16), true, 2, 44);  // a fragment in a fragment
    host.send(24, Frame(8), false, 2, 44);
    CHECK_FALSE(host.heard());
}

TEST_CASE("an IPv6 datagram that does not become whole is told to its sender") {
    Fragmented host;
    host.fragment(0, 1200);
    host.wait(ip::Reassembler::kTimeout);
    const auto sent = host.take();
    REQUIRE(type_of(sent) == wire::Icmpv6Type::kTimeExceeded);
    CHECK(wire::Icmpv6Header::parse(sent->payload)->code == 1);
}

TEST_CASE("a datagram longer than the link carries leaves in fragments that become whole again") {
    Fragmented host;
    REQUIRE(host.socket->send_to(host.now, {host.peer.address, 9}, Frame(4000, std::byte{3})));
    std::size_t bytes = 0;
    std::uint32_t id = 0;
    while (!host.device.frames.empty()) {
        const auto sent = host.take();
        REQUIRE(sent);
        CHECK(sent->ip.total_length() <= 1500);
        const auto piece = wire::Ipv6Fragment::load(sent->payload);
        CHECK(piece.offset == bytes);
        if (bytes > 0) CHECK(piece.identification == id);
        id = piece.identification;
        bytes += sent->payload.size() - wire::Ipv6Fragment::kSize;
        CHECK(piece.more == (bytes < 4008));
    }
    CHECK(bytes == 4008);
}
