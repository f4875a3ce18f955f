// ICMPv6 (RFC 4443), and what IPv6 packets cause it to say.

#include <doctest/doctest.h>

#include "tests/support/fake_link_v6.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using wire::Icmpv6Header;
using wire::Icmpv6Type;

namespace {

struct Known : HostV6 {
    Known() : HostV6({}, fixed()) { know(peer); }
    wire::Ipv6Header from_peer(std::uint8_t next) const {
        wire::Ipv6Header header;
        header.source = peer.address;
        header.destination = address;
        header.next_header = next;
        return header;
    }
    // What the stack has answered, if it is an error.
    std::optional<Icmpv6Header> error() {
        const auto sent = take();
        if (!sent || sent->ip.next_header != 58) return std::nullopt;
        return *Icmpv6Header::parse(sent->payload);
    }
};

Frame message(Icmpv6Type type, std::uint8_t code, std::uint32_t value, const Frame& rest = {}) {
    Frame bytes(Icmpv6Header::kSize);
    Icmpv6Header{type, code, value}.emit(bytes);
    return bytes + rest;
}

const Frame kPing = message(Icmpv6Type::kEchoRequest, 0, 0x1234'0007, bytes_of("abcdefg"));

// The beginning of a packet that we might have sent.
Frame quote(const IpAddress& from, const Endpoint& to, std::uint16_t source_port, std::size_t size = 1400) {
    wire::Ipv6Header header;
    header.source = from;
    header.destination = to.address;
    header.next_header = 17;
    Frame packet = ipv6_packet(header, udp_datagram({from, source_port}, to, Frame(size - 48)));
    packet.resize(100);
    return packet;
}

}  // namespace

TEST_CASE("an IPv6 echo request is answered with the same payload") {
    Known host;
    host.receive_icmp(host.peer, host.address, kPing, 64);
    const auto reply = host.take();
    REQUIRE(type_of(reply) == Icmpv6Type::kEchoReply);
    CHECK(reply->ip.source == host.address);
    CHECK(reply->ip.destination == host.peer.address);
    CHECK(Icmpv6Header::parse(reply->payload)->value == 0x1234'0007);
    CHECK(as_text(Bytes(reply->payload).subspan(8)) == "abcdefg");
    CHECK(reply->ip.flow_label == 0);
    CHECK(ip::pseudo_header(reply->ip.source, reply->ip.destination, ip::Protocol::kIcmpv6,
                            reply->payload.size())
              .add(reply->payload)
              .is_correct());
}

// RFC 8200, section 3: only who forwards looks at the hop limit.
TEST_CASE("a packet for us is taken with a hop limit of zero") {
    Known host;
    host.receive_icmp(host.peer, host.address, kPing, 0);
    CHECK(type_of(host.take()) == Icmpv6Type::kEchoReply);
}

TEST_CASE("an echo request to all nodes is answered from our own address, at a bounded rate") {
    Known host;
    int answers = 0;
    for (int i = 0; i < 100; ++i) {
        host.receive_icmp(host.peer, parsed("ff02::1"), kPing, 64);
        if (const auto reply = host.take()) {
            ++answers;
            CHECK(reply->ip.source == host.address);
        }
    }
    CHECK(answers == icmp::LayerV6::kGroupReplyBurst);
}

TEST_CASE("corrupt or forged ICMPv6 is dropped") {
    Known host;
    auto bytes = icmpv6_message(host.peer.address, host.address, kPing);
    bytes[10] ^= std::byte{1};
    host.receive_ip(host.from_peer(58), bytes, host.peer.mac);
    CHECK(host.device.frames.empty());
    CHECK(host.stack.counters()[Drop::kBadChecksum] == 1);
    host.receive_icmp({host.peer.mac, host.address}, host.address, kPing);  // from ourselves
    host.receive_icmp({host.peer.mac, parsed("::1")}, host.address, kPing);
    host.receive_icmp({host.peer.mac, parsed("ff02::7")}, host.address, kPing);
    CHECK(host.stack.counters()[Drop::kBadSource] == 3);
    CHECK(host.device.frames.empty());
}

TEST_CASE("what nobody takes is answered with an error") {
    Known host;
    SUBCASE("a port that nobody has") {
        host.receive_udp({host.peer.address, 1000}, {host.address, 2000}, "hello");
        const auto error = host.error();
        REQUIRE(error);
        CHECK(error->type == Icmpv6Type::kUnreachable);
        CHECK(error->code == 4);
    }
    SUBCASE("a next header that is not known") {
        host.receive_ip(host.from_peer(200), Frame(20), host.peer.mac);
        const auto error = host.error();
        REQUIRE(error);
        CHECK(error->type == Icmpv6Type::kParameterProblem);
        CHECK(error->code == 1);
        CHECK(error->value == 6);
    }
    SUBCASE("an option that must be known") {
        Frame chain{std::byte{17}, {}, std::byte{0xde}, std::byte{0}, {}, {}, {}, {}};
        host.receive_ip(host.from_peer(60), chain + Frame(20), host.peer.mac);
        const auto error = host.error();
        REQUIRE(error);
        CHECK(error->type == Icmpv6Type::kParameterProblem);
        CHECK(error->code == 2);
        CHECK(error->value == 42);
    }
    SUBCASE("ICMP of the other family") {
        host.receive_ip(host.from_peer(1), Frame(20), host.peer.mac);
        CHECK(host.error()->type == Icmpv6Type::kParameterProblem);
    }
}

TEST_CASE("no error is sent about an error, to a group, or beyond the rate") {
    Known host;
    host.receive_icmp(host.peer, host.address, message(Icmpv6Type(100), 0, 0, Frame(60)), 64);
    host.receive_ip(host.from_peer(wire::kNoNextHeader), Frame(20), host.peer.mac);
    auto header = host.from_peer(200);
    header.destination = parsed("ff02::1");
    host.receive_ip(header, Frame(20), host.peer.mac);
    CHECK(host.device.frames.empty());
    for (int i = 0; i < 200; ++i) host.receive_ip(host.from_peer(200), Frame(20), host.peer.mac);
    CHECK(host.device.frames.size() == icmp::LayerV6::kErrorBurst);
}

TEST_CASE("an error about a datagram of ours reaches its socket, one about another's does not") {
    Known host;
    auto socket = *host.stack.udp().open();
    REQUIRE(socket->connect({host.peer.address, 53}));
    const auto own = socket->local();
    host.receive_icmp(
        host.peer, host.address,
        message(Icmpv6Type::kUnreachable, 4, 0, quote(own.address, {host.peer.address, 54}, own.port)));
    CHECK_FALSE(socket->take_error());
    host.receive_icmp(
        host.peer, host.address,
        message(Icmpv6Type::kUnreachable, 4, 0, quote(own.address, {host.peer.address, 53}, own.port)));
    CHECK(socket->take_error() == ErrorCode::kConnectionRefused);
}

TEST_CASE("packet too big makes datagrams come in fragments that fit, for a while") {
    Known host;
    auto socket = *host.stack.udp().open();
    REQUIRE(socket->connect({host.peer.address, 53}));
    const auto own = socket->local();
    const auto too_big = [&](std::uint32_t mtu, std::uint16_t port) {
        host.receive_icmp(
            host.peer, host.address,
            message(Icmpv6Type::kPacketTooBig, 0, mtu, quote(own.address, {host.peer.address, 53}, port)));
    };
    const Frame payload(1400);
    too_big(1300, std::uint16_t(own.port + 1));  // about nothing of ours
    too_big(1000, own.port);                     // less than every link carries
    too_big(1400, own.port);                     // not less than the packet was
    REQUIRE(socket->send(host.now, payload));
    CHECK(host.take()->ip.next_header == 17);
    too_big(1300, own.port);
    REQUIRE(socket->send(host.now, payload));
    CHECK(host.device.frames.size() == 2);
    while (!host.device.frames.empty()) {
        const auto sent = host.take();
        CHECK(sent->ip.next_header == wire::kFragment);
        CHECK(sent->ip.total_length() <= 1300);
    }
    CHECK(host.stack.ip().route(host.peer.address, {})->mtu == 1300);
    host.wait(ip::PathMtuCache::kLifetime);
    CHECK(host.stack.ip().route(host.peer.address, {})->mtu == 1500);
}
