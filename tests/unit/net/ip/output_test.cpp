#include <string>

#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

struct Sending : Host {
    explicit Sending(const DeviceCapabilities& capabilities = {}) : Host(capabilities) {
        know(kPeer);
        socket = *stack.udp().open();
    }
    std::unique_ptr<udp::Socket> socket;
};

bool checksum_is_correct(const Sent& sent) {
    return ip::pseudo_header(sent.ip.source, sent.ip.destination, ip::Protocol(sent.ip.protocol),
                             sent.payload.size())
        .add(sent.payload)
        .is_correct();
}

}  // namespace

TEST_CASE("without offload the checksum is computed here") {
    Sending host;
    REQUIRE(host.socket->send_to(host.now, {Host::kPeer.address, 9}, as_bytes("hello")));
    const auto sent = sent_ip(host.device.take());
    REQUIRE(sent);
    CHECK(checksum_is_correct(*sent));
    CHECK_FALSE(host.device.offload.needs_checksum);
}

TEST_CASE("with offload the field holds the pseudo header's sum and the header says where") {
    Sending host({.mtu = 1500, .checksum = true});
    REQUIRE(host.socket->send_to(host.now, {Host::kPeer.address, 9}, as_bytes("hello")));
    auto sent = sent_ip(host.device.take());
    REQUIRE(sent);
    CHECK(host.device.offload.needs_checksum);
    CHECK(host.device.offload.checksum_start == 34);
    CHECK(host.device.offload.checksum_offset == 6);
    const std::uint16_t completed = InternetChecksum().add(sent->payload).value();
    sent->payload[6] = std::byte(completed >> 8);
    sent->payload[7] = std::byte(completed);
    CHECK(checksum_is_correct(*sent));
}

TEST_CASE("other networks are reached through the gateway") {
    Sending host;
    host.know(Host::kGateway);
    REQUIRE(host.socket->send_to(host.now, {IpAddress::v4(192, 0, 2, 1), 9}, as_bytes("hello")));
    const auto sent = sent_ip(host.device.take());
    REQUIRE(sent);
    CHECK(sent->ethernet.destination == Host::kGateway.mac);
    CHECK(sent->ip.destination == IpAddress::v4(192, 0, 2, 1));
}

TEST_CASE("a device that would drop what it cannot hold limits what TCP peers are offered") {
    Host host({.mtu = 1500, .receive_limit = 20'000});
    CHECK(host.stack.ip().route(Host::kPeer.address, {})->receive_limit == 20'000);
    host.know(Host::kPeer);
    const auto connection = *host.stack.tcp().connect(host.now, {Host::kPeer.address, 80});
    host.stack.transmit(host.now);
    const auto syn = sent_ip(host.device.take());
    REQUIRE(syn);
    CHECK(std::uint16_t{wire::load<NetU16>(Bytes(syn->payload).subspan(14))} <= 20'000);
}

TEST_CASE("the longest prefix wins") {
    ip::RouteTable table;
    const auto gateway = [](std::uint8_t last) { return IpAddress::v4(10, 0, 0, last); };
    CHECK(table.add({IpAddress::v4(0), 0, gateway(1), nullptr}));
    CHECK(table.add({IpAddress::v4(192, 0, 2, 77), 24, gateway(2), nullptr}));  // host bits are ignored
    CHECK(table.add({IpAddress::v4(192, 0, 2, 128), 25, gateway(3), nullptr}));
    CHECK(table.find(IpAddress::v4(8, 8, 8, 8))->gateway == gateway(1));
    CHECK(table.find(IpAddress::v4(192, 0, 2, 1))->gateway == gateway(2));
    CHECK(table.find(IpAddress::v4(192, 0, 2, 200))->gateway == gateway(3));
    CHECK(table.add({IpAddress::v4(192, 0, 2, 128), 25, gateway(4), nullptr}));  // replaced
    CHECK(table.find(IpAddress::v4(192, 0, 2, 200))->gateway == gateway(4));
    CHECK(table.entries().size() == 3);
}

TEST_CASE("without a route the sender is told") {
    Host host;
    host.stack.clear_address(*host.interface);
    const auto socket = *host.stack.udp().open();
    CHECK(socket->send_to(host.now, {IpAddress::v4(192, 0, 2, 1), 9}, as_bytes("x")).error().code ==
          ErrorCode::kNetworkUnreachable);
}

TEST_CASE("broadcasts go to the broadcast MAC address, and only if allowed") {
    Sending host;
    CHECK(host.socket->send_to(host.now, {IpAddress::v4(0xffffffff), 9}, as_bytes("x")).error().code ==
          ErrorCode::kAccess);
    host.socket->allow_broadcast(true);
    REQUIRE(host.socket->send_to(host.now, {IpAddress::v4(0xffffffff), 9}, as_bytes("x")));
    CHECK(sent_ip(host.device.take())->ethernet.destination == MacAddress::broadcast());
    REQUIRE(host.socket->send_to(host.now, {IpAddress::v4(10, 0, 0, 255), 9}, as_bytes("x")));
    CHECK(sent_ip(host.device.take())->ethernet.destination == MacAddress::broadcast());
    REQUIRE(host.socket->send_to(host.now, {IpAddress::v4(224, 0, 0, 251), 9}, as_bytes("x")));
    CHECK(sent_ip(host.device.take())->ethernet.destination == MacAddress{{0x01, 0, 0x5e, 0, 0, 251}});
}

TEST_CASE("a datagram beyond the MTU is cut into fragments that make up the whole again") {
    Sending host;
    std::string text(4000, ' ');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = char('a' + i % 23);
    const Bytes pieces[] = {as_bytes(text).first(1001), as_bytes(text).subspan(1001, 7),
                            as_bytes(text).subspan(1008)};
    REQUIRE(host.socket->send_to(host.now, {Host::kPeer.address, 9}, pieces));
    Frame whole;
    int fragments = 0;
    bool more = true;
    std::uint16_t identification = 0;
    while (!host.device.frames.empty()) {
        const auto sent = sent_ip(host.device.take());
        REQUIRE(sent);
        CHECK(sent->ip.total_length <= 1500);
        CHECK(sent->ip.fragment_offset == whole.size());
        if (fragments++ == 0) identification = sent->ip.identification;
        CHECK(sent->ip.identification == identification);
        CHECK_FALSE(sent->ip.dont_fragment);
        more = sent->ip.more_fragments;
        whole = whole + sent->payload;
    }
    CHECK(fragments == 3);
    CHECK_FALSE(more);
    CHECK(as_text(Bytes(whole).subspan(8)) == text);
    CHECK(ip::pseudo_header(Host::kAddress, Host::kPeer.address, ip::Protocol::kUdp, whole.size())
              .add(whole)
              .is_correct());
}

TEST_CASE(
    "a TCP segment for the device to cut carries the MSS; without the device's help it is refused and "
    "counted") {
    const std::string text(10'000, 'x');
    const Bytes payload = as_bytes(text);
    std::byte header[20] = {};
    ip::Packet packet;
    packet.source = Host::kAddress;
    packet.destination = Host::kPeer.address;
    packet.header = header;
    packet.payload = {&payload, 1};
    packet.segment_size = 1448;

    Sending able({.mtu = 1500, .checksum = true, .tcp4_segmentation = true});
    CHECK(able.stack.ip().route(Host::kPeer.address, {})->segmentation);
    CHECK(able.stack.ip().send(able.now, packet) == TransmitResult::kSent);
    CHECK(able.device.take().size() == 14 + 20 + 20 + 10'000);
    CHECK(able.device.offload.segmentation == Segmentation::kTcp4);
    CHECK(able.device.offload.segment_size == 1448);
    CHECK(able.device.offload.header_length == 54);

    Sending plain;
    CHECK(plain.stack.ip().send(plain.now, packet) == TransmitResult::kSent);
    CHECK(plain.device.frames.empty());
    CHECK(plain.stack.counters()[Drop::kTooBig] == 1);
}

TEST_CASE("a full device makes sockets wait, replies queue up, and both resume") {
    Sending host;
    Noted noted;
    host.socket->set_observer(&noted);
    host.device.room = 0;
    CHECK(host.socket->send_to(host.now, {Host::kPeer.address, 9}, as_bytes("x")).error().code ==
          ErrorCode::kWouldBlock);
    const auto ping = icmp_message({wire::Icmpv4Type::kEchoRequest, 0, 1, 1}, bytes_of("data"));
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp), ping);
    CHECK(noted.times == 0);
    CHECK(host.interface->blocked());
    host.device.room = 10;
    host.stack.transmit(host.now);
    CHECK(noted.times == 1);
    CHECK(sent_ip(host.device.take())->ip.protocol == std::uint8_t(ip::Protocol::kIcmp));
    CHECK(host.socket->send_to(host.now, {Host::kPeer.address, 9}, as_bytes("x")));
}

TEST_CASE("the output queue is bounded") {
    Sending host;
    host.device.room = 0;
    const auto ping = icmp_message({wire::Icmpv4Type::kEchoRequest, 0, 1, 1}, Frame(1400));
    for (int i = 0; i < 200; ++i) host.receive_ip(host.from(Host::kPeer, ip::Protocol::kIcmp), ping);
    CHECK(host.stack.counters()[Drop::kOutputFull] > 0);
    host.device.room = 1000;
    host.stack.transmit(host.now);
    CHECK(host.device.frames.size() > 50);
    CHECK(host.device.frames.size() + host.stack.counters()[Drop::kOutputFull] == 200);
}

TEST_CASE("a device that has vanished is an error for senders, and the stack lives on") {
    Sending host;
    host.device.gone = true;
    CHECK(host.socket->send_to(host.now, {Host::kPeer.address, 9}, as_bytes("x")).error().code ==
          ErrorCode::kNetworkDown);
    host.receive_udp({Host::kPeer.address, 1}, {Host::kAddress, 2}, "x");
    CHECK(host.interface->gone());
    CHECK(host.stack.icmp().ping(host.now, IpAddress::v4(127, 0, 0, 1), 1, {}));
    host.stack.transmit(host.now);
    CHECK(host.stack.icmp().take_reply());
}
