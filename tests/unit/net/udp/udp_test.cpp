#include <string>

#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

struct Bound : Host {
    explicit Bound(std::uint16_t port = 7) {
        know(kPeer);
        socket = open();
        REQUIRE(socket->bind({IpAddress::any_v4(), port}));
    }
    std::unique_ptr<udp::Socket> open() { return *stack.udp().open(); }
    std::unique_ptr<udp::Socket> socket;
};

}  // namespace

TEST_CASE("a datagram arrives with its source, and the reply goes back there") {
    Bound host;
    Noted noted;
    host.socket->set_observer(&noted);
    host.receive_udp({Host::kPeer.address, 5000}, {Host::kAddress, 7}, "hello");
    CHECK(noted.times == 1);
    const auto datagram = host.socket->front();
    REQUIRE(datagram);
    CHECK(datagram->source == Endpoint{Host::kPeer.address, 5000});
    CHECK(datagram->destination == Host::kAddress);
    CHECK(as_text(datagram->payload) == "hello");
    REQUIRE(host.socket->send_to(host.now, datagram->source, datagram->payload));
    host.socket->pop();
    CHECK_FALSE(host.socket->front());
    const auto sent = sent_ip(host.device.take());
    REQUIRE(sent);
    const auto header = wire::UdpHeader::parse(sent->payload);
    CHECK(header->source_port == 7);
    CHECK(header->destination_port == 5000);
    CHECK(as_text(Bytes(sent->payload).subspan(8)) == "hello");
}

TEST_CASE("empty datagrams exist") {
    Bound host;
    host.receive_udp({Host::kPeer.address, 5000}, {Host::kAddress, 7}, "");
    REQUIRE(host.socket->front());
    CHECK(host.socket->front()->payload.empty());
}

TEST_CASE("the most specific socket gets the datagram") {
    Bound host;
    const auto exact = host.open();
    CHECK(exact->bind({Host::kAddress, 7}).error().code == ErrorCode::kAddressInUse);
    const auto connected = host.open();
    REQUIRE(connected->bind({Host::kAddress, 8}));
    REQUIRE(connected->connect({Host::kPeer.address, 5000}));
    host.receive_udp({Host::kPeer.address, 5000}, {Host::kAddress, 8}, "for me");
    host.receive_udp({Host::kPeer.address, 5001}, {Host::kAddress, 8}, "for nobody");
    REQUIRE(connected->front());
    connected->pop();
    CHECK_FALSE(connected->front());
}

TEST_CASE("ephemeral ports come from IANA's range, differ, and are free again after the socket") {
    Bound host;
    const auto first = host.open(), second = host.open();
    REQUIRE(first->bind({IpAddress::any_v4(), 0}));
    REQUIRE(second->bind({IpAddress::any_v4(), 0}));
    CHECK(first->local().port >= 49'152);
    CHECK(first->local().port != second->local().port);
    host.socket.reset();
    host.socket = host.open();
    CHECK(host.socket->bind({IpAddress::any_v4(), 7}));
}

TEST_CASE("an address of others cannot be bound") {
    Bound host;
    CHECK(host.open()->bind({IpAddress::v4(10, 0, 0, 3), 8}).error().code == ErrorCode::kAddressUnavailable);
}

TEST_CASE("the receive queue is bounded in bytes and in datagrams; drops are counted") {
    Bound host;
    const std::string big(60'000, 'x');
    for (int i = 0; i < 6; ++i) {
        auto header = host.from(Host::kPeer, ip::Protocol::kUdp);
        host.receive_ip(header, udp_datagram({Host::kPeer.address, 1}, {Host::kAddress, 7}, bytes_of(big)));
    }
    CHECK(host.socket->counters().received == 4);
    CHECK(host.socket->counters().overflowed == 2);
    CHECK(host.stack.counters()[Drop::kQueueFull] == 2);
    while (host.socket->front()) host.socket->pop();
    for (int i = 0; i < 1030; ++i) host.receive_udp({Host::kPeer.address, 1}, {Host::kAddress, 7}, "x");
    CHECK(host.socket->counters().received == 4 + 1024);
}

TEST_CASE("the number of sockets is bounded") {
    Host host;
    std::vector<std::unique_ptr<udp::Socket>> sockets;
    for (int i = 0; i < 256; ++i) sockets.push_back(*host.stack.udp().open());
    CHECK(host.stack.udp().open().error().code == ErrorCode::kTooManyOpen);
    sockets.pop_back();
    CHECK(host.stack.udp().open());
}

TEST_CASE("datagrams that the device coalesced come apart") {
    Bound host;
    Offload offload;
    offload.segmentation = Segmentation::kUdpSegments;
    offload.segment_size = 4;
    offload.checksum_valid = true;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp),
                    udp_datagram({Host::kPeer.address, 1}, {Host::kAddress, 7}, bytes_of("aaaabbbbcc")),
                    offload);
    for (const std::string_view text : {"aaaa", "bbbb", "cc"}) {
        REQUIRE(host.socket->front());
        CHECK(as_text(host.socket->front()->payload) == text);
        host.socket->pop();
    }
}

TEST_CASE("the datagrams of a large frame wait in it, not in a copy, up to a bound") {
    struct Owner final : BufferOwner {
        int users = 0;
        void retain() override { ++users; }
        void release() override { --users; }
    } owner;
    Bound host;
    Offload offload;
    offload.segmentation = Segmentation::kUdpSegments;
    offload.segment_size = 1000;
    offload.checksum_valid = true;
    const auto frame_of = [](std::size_t size) {
        std::string text;
        for (std::size_t i = 0; i < size; ++i) text += char('a' + i / 1000 % 26);
        const Host here;
        return ethernet_frame(
            Host::kMac, Host::kPeer.mac, wire::kEtherTypeIpv4,
            ipv4_packet(here.from(Host::kPeer, ip::Protocol::kUdp),
                        udp_datagram({Host::kPeer.address, 1}, {Host::kAddress, 7}, bytes_of(text))));
    };
    const Frame small = frame_of(5'000), large = frame_of(40'500);
    const auto lies_in = [](Bytes part, const Frame& whole) {
        return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
    };
    host.stack.receive(host.now, *host.interface, {small, offload, &owner});
    CHECK(owner.users == 0);
    for (int i = 0; i < 5; ++i) host.socket->pop();

    host.stack.receive(host.now, *host.interface, {large, offload, &owner});
    CHECK(owner.users == 41);
    for (std::size_t i = 0; i < 41; ++i) {
        const auto datagram = host.socket->front();
        REQUIRE(datagram);
        CHECK(lies_in(datagram->payload, large));
        CHECK(datagram->payload.size() == (i == 40 ? 500 : 1000));
        CHECK(datagram->payload[0] == std::byte('a' + i % 26));
        host.socket->pop();
        CHECK(owner.users == int(40 - i));
    }

    host.stack.receive(host.now, *host.interface, {large, offload, &owner});
    host.stack.receive(host.now, *host.interface, {large, offload, &owner});
    CHECK(owner.users == int(udp::Socket::kMaxRetained));  // the rest is copied
    for (int i = 0; i < 70; ++i) host.socket->pop();
    CHECK_FALSE(lies_in(host.socket->front()->payload, large));
    CHECK(owner.users == 0);
    host.stack.receive(host.now, *host.interface, {large, offload, &owner});
    CHECK(owner.users == 41);
    host.socket.reset();  // whoever goes with datagrams unread lets go of their frames
    CHECK(owner.users == 0);
}

TEST_CASE("one large datagram that the device would have fragmented stays one") {
    Bound host;
    Offload offload;
    offload.segmentation = Segmentation::kUdp;
    offload.segment_size = 4;
    offload.checksum_valid = true;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp),
                    udp_datagram({Host::kPeer.address, 1}, {Host::kAddress, 7}, bytes_of("aaaabbbbcc")),
                    offload);
    REQUIRE(host.socket->front());
    CHECK(as_text(host.socket->front()->payload) == "aaaabbbbcc");
}

TEST_CASE("a datagram without a checksum is taken, one with a wrong length is not") {
    Bound host;
    Frame datagram = udp_datagram({Host::kPeer.address, 1}, {Host::kAddress, 7}, bytes_of("hello"));
    datagram[6] = datagram[7] = std::byte{0};
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp), datagram);
    CHECK(host.socket->counters().received == 1);
    datagram[5] = std::byte{7};
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp), datagram);
    datagram[5] = std::byte{14};
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp), datagram);
    CHECK(host.socket->counters().received == 1);
    CHECK(host.stack.counters()[Drop::kBadLength] == 1);
    CHECK(host.stack.counters()[Drop::kTruncated] == 1);
}

TEST_CASE("sockets talk to each other over the loopback interface") {
    Bound host;
    const auto client = host.open();
    REQUIRE(client->connect({IpAddress::v4(127, 0, 0, 1), 7}));
    REQUIRE(client->send(host.now, as_bytes("to myself")));
    CHECK(host.stack.next_deadline() <= host.now);
    host.stack.transmit(host.now);
    REQUIRE(host.socket->front());
    CHECK(as_text(host.socket->front()->payload) == "to myself");
    CHECK(host.socket->front()->source.address == IpAddress::v4(127, 0, 0, 1));
}

namespace {

// Answers with what it was sent, backwards, and nothing to "silence".
struct Backwards final : udp::Responder {
    void look_ahead(std::span<const Bytes> payloads) override {
        groups.push_back(payloads.size());
        seen.clear();
        for (const Bytes payload : payloads) seen.emplace_back(as_text(payload));
    }
    Bytes respond(Instant, std::size_t index, const Endpoint&, const IpAddress&) override {
        answer = std::string(seen.at(index).rbegin(), seen.at(index).rend());
        return answer == "ecnelis" ? Bytes() : as_bytes(answer);
    }
    std::vector<std::size_t> groups;
    std::vector<std::string> seen;
    std::string answer;
};

Frame to_port_7(std::uint16_t source_port, std::string_view text) {
    const Host here;
    return ethernet_frame(
        Host::kMac, Host::kPeer.mac, wire::kEtherTypeIpv4,
        ipv4_packet(here.from(Host::kPeer, ip::Protocol::kUdp),
                    udp_datagram({Host::kPeer.address, source_port}, {Host::kAddress, 7}, bytes_of(text))));
}

}  // namespace

TEST_CASE("a responder sees datagrams that came together before it answers the first, and answers in order") {
    Bound host;
    Backwards backwards;
    host.socket->set_responder(&backwards);
    std::vector<Frame> bytes;
    for (std::uint16_t i = 0; i < 11; ++i)
        bytes.push_back(to_port_7(std::uint16_t(5000 + i), i == 4 ? "silence" : "abc" + std::to_string(i)));
    std::vector<ReceivedFrame> frames;
    for (const Frame& frame : bytes) frames.push_back({frame, {}});
    host.stack.receive(host.now, *host.interface, frames);
    CHECK(backwards.groups == std::vector<std::size_t>{8, 3});
    for (std::uint16_t i = 0; i < 11; ++i) {
        if (i == 4) continue;
        const auto sent = sent_ip(host.device.take());
        REQUIRE(sent);
        CHECK(sent->ip.source == Host::kAddress);
        const auto header = wire::UdpHeader::parse(sent->payload);
        CHECK(header->source_port == 7);
        CHECK(header->destination_port == 5000 + i);
        const std::string text = "abc" + std::to_string(i);
        CHECK(as_text(Bytes(sent->payload).subspan(8)) == std::string(text.rbegin(), text.rend()));
    }
    CHECK(host.device.take().empty());
    CHECK(host.socket->counters().received == 11);
    CHECK(host.socket->counters().sent == 10);
}

TEST_CASE("a responder answers the datagrams of one coalesced frame, and one that came in fragments") {
    Bound host;
    Backwards backwards;
    host.socket->set_responder(&backwards);
    Offload offload;
    offload.segmentation = Segmentation::kUdpSegments;
    offload.segment_size = 2;
    offload.checksum_valid = true;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp),
                    udp_datagram({Host::kPeer.address, 1}, {Host::kAddress, 7}, bytes_of("abcde")), offload);
    CHECK(backwards.groups == std::vector<std::size_t>{3});
    for (const std::string_view text : {"ba", "dc", "e"})
        CHECK(as_text(Bytes(sent_ip(host.device.take())->payload).subspan(8)) == text);

    const Frame whole = udp_datagram({Host::kPeer.address, 1}, {Host::kAddress, 7}, bytes_of("fragmented"));
    std::vector<Frame> bytes;
    for (const std::size_t offset : {std::size_t{0}, std::size_t{8}}) {
        auto header = host.from(Host::kPeer, ip::Protocol::kUdp);
        header.identification = 7;
        header.fragment_offset = std::uint16_t(offset);
        header.more_fragments = offset == 0;
        const Frame part(whole.begin() + std::ptrdiff_t(offset),
                         offset == 0 ? whole.begin() + 8 : whole.end());
        bytes.push_back(
            ethernet_frame(Host::kMac, Host::kPeer.mac, wire::kEtherTypeIpv4, ipv4_packet(header, part)));
    }
    bytes.push_back(to_port_7(2, "whole"));
    std::vector<ReceivedFrame> frames;
    for (const Frame& frame : bytes) frames.push_back({frame, {}});
    host.stack.receive(host.now, *host.interface, frames);
    CHECK(backwards.groups == std::vector<std::size_t>{3, 1, 1});
    for (const std::string_view text : {"detnemgarf", "elohw"})
        CHECK(as_text(Bytes(sent_ip(host.device.take())->payload).subspan(8)) == text);
}
