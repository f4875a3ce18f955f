#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using wire::Icmpv4Header;
using wire::Icmpv4Type;

namespace {

struct Known : Host {
    Known() { know(kPeer); }
};

const Icmpv4Header kEcho{Icmpv4Type::kEchoRequest, 0, 0x1234, 7};

Icmpv4Header header_of(const Sent& sent) {
    return *Icmpv4Header::parse(sent.payload, true);
}

}  // namespace

TEST_CASE("an echo request is answered with the same payload") {
    Known host;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp), icmp_message(kEcho, bytes_of("abcdefg")));
    const auto reply = sent_ip(host.device.take());
    REQUIRE(reply);
    CHECK(reply->ip.source == Host::kAddress);
    CHECK(reply->ip.destination == Host::kPeer.address);
    CHECK(header_of(*reply).type == Icmpv4Type::kEchoReply);
    CHECK(header_of(*reply).first == 0x1234);
    CHECK(header_of(*reply).second == 7);
    CHECK(as_text(Bytes(reply->payload).subspan(8)) == "abcdefg");
}

TEST_CASE("a corrupt echo request is dropped and counted") {
    Known host;
    Frame message = icmp_message(kEcho, bytes_of("abcdefg"));
    message.back() ^= std::byte{1};
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp), message);
    CHECK(host.device.frames.empty());
    CHECK(host.stack.counters()[Drop::kBadChecksum] == 1);
}

TEST_CASE("broadcast echo requests are ignored") {
    Known host;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp, IpAddress::v4(10, 0, 0, 255)),
                    icmp_message(kEcho, bytes_of("x")));
    host.receive(ethernet_frame(
        MacAddress::broadcast(), Host::kPeer.mac, wire::kEtherTypeIpv4,
        ipv4_packet(host.from(Host::kPeer, ip::Protocol::kIcmp), icmp_message(kEcho, bytes_of("x")))));
    CHECK(host.device.frames.empty());
}

TEST_CASE("a datagram for a port where nobody listens is answered with port unreachable, quoting it") {
    Known host;
    host.receive_udp({Host::kPeer.address, 5000}, {Host::kAddress, 6000}, "hello");
    const auto error = sent_ip(host.device.take());
    REQUIRE(error);
    CHECK(header_of(*error).type == Icmpv4Type::kUnreachable);
    CHECK(header_of(*error).code == 3);
    const auto quoted = wire::Ipv4Header::parse(Bytes(error->payload).subspan(8));
    REQUIRE(quoted);
    CHECK(quoted->source == Host::kPeer.address);
    CHECK(wire::UdpHeader::parse(Bytes(error->payload).subspan(28))->destination_port == 6000);
}

TEST_CASE("an unknown protocol is answered with protocol unreachable") {
    Known host;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol(132)), bytes_of("0123456789"));
    const auto error = sent_ip(host.device.take());
    REQUIRE(error);
    CHECK(header_of(*error).code == 2);
}

TEST_CASE("no error answers a broadcast or an error, and errors are limited to a burst of 50") {
    Known host;
    host.receive_udp({Host::kPeer.address, 5000}, {IpAddress::v4(10, 0, 0, 255), 6000}, "hello");
    host.receive_udp({Host::kPeer.address, 5000}, {IpAddress::v4(0xffffffff), 6000}, "hello");
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp),
                    icmp_message({Icmpv4Type::kUnreachable, 2, 0, 0},
                                 bytes_of("0123456789012345678901234567890123456789")));
    CHECK(host.device.frames.empty());
    for (int i = 0; i < 60; ++i)
        host.receive_udp({Host::kPeer.address, 5000}, {Host::kAddress, 6000}, "hello");
    CHECK(host.device.frames.size() == 50);
    CHECK(host.stack.counters()[Drop::kRateLimited] == 10);
}

TEST_CASE("a connected socket learns from port unreachable, once; another remote's error is ignored") {
    Known host;
    const auto socket = *host.stack.udp().open();
    REQUIRE(socket->connect({Host::kPeer.address, 53}));
    REQUIRE(socket->send(host.now, as_bytes("query")));
    const Frame sent = host.device.take();
    const Frame quote(sent.begin() + wire::EthernetHeader::kSize, sent.end());
    const auto error = icmp_message({Icmpv4Type::kUnreachable, 3, 0, 0}, quote);
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp), error);
    CHECK(socket->readable());
    CHECK(socket->send(host.now, as_bytes("query")).error().code == ErrorCode::kConnectionRefused);
    CHECK(socket->send(host.now, as_bytes("query")));

    Frame foreign = quote;
    foreign[20 + 3] = std::byte{99};  // destination port of the quoted datagram
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp),
                    icmp_message({Icmpv4Type::kUnreachable, 3, 0, 0}, foreign));
    CHECK_FALSE(socket->readable());
}

TEST_CASE("ping collects replies") {
    Known host;
    Noted noted;
    host.stack.icmp().set_observer(&noted);
    REQUIRE(host.stack.icmp().ping(host.now, Host::kPeer.address, 3, as_bytes("data")));
    const auto request = sent_ip(host.device.take());
    REQUIRE(request);
    Icmpv4Header reply = header_of(*request);
    CHECK(reply.type == Icmpv4Type::kEchoRequest);
    reply.type = Icmpv4Type::kEchoReply;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp), icmp_message(reply, bytes_of("data")));
    CHECK(noted.times == 1);
    const auto taken = host.stack.icmp().take_reply();
    REQUIRE(taken);
    CHECK(taken->source == Host::kPeer.address);
    CHECK(taken->sequence == 3);
    CHECK(taken->payload_size == 4);
    CHECK_FALSE(host.stack.icmp().take_reply());
}

TEST_CASE("we answer our own pings over the loopback interface") {
    Known host;
    for (const IpAddress own : {IpAddress::v4(127, 0, 0, 1), Host::kAddress}) {
        REQUIRE(host.stack.icmp().ping(host.now, own, 1, as_bytes("self")));
        host.stack.transmit(host.now);
        const auto reply = host.stack.icmp().take_reply();
        REQUIRE(reply);
        CHECK(reply->source == own);
    }
    CHECK(host.device.frames.empty());
}
