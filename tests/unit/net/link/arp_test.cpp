#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using Operation = wire::ArpMessage::Operation;

namespace {

// Sends one UDP datagram to an address.
void send_to(Host& host, udp::Socket& socket, IpAddress address, std::string_view text = "x") {
    REQUIRE(socket.send_to(host.now, {address, 9}, as_bytes(text)));
}

}  // namespace

TEST_CASE("a request for our address is answered to who asked") {
    Host host;
    host.receive_arp({Operation::kRequest, Host::kPeer.mac, Host::kPeer.address, {}, Host::kAddress},
                     MacAddress::broadcast());
    const Frame frame = host.device.take();
    const auto reply = sent_arp(frame);
    REQUIRE(reply);
    CHECK(wire::EthernetHeader::parse(frame)->destination == Host::kPeer.mac);
    CHECK(reply->operation == Operation::kReply);
    CHECK(reply->sender == Host::kAddress);
    CHECK(reply->sender_mac == Host::kMac);
    CHECK(reply->target == Host::kPeer.address);
    CHECK(reply->target_mac == Host::kPeer.mac);
}

TEST_CASE("a probe for our address is answered, so that the prober learns of the conflict (RFC 5227)") {
    Host host;
    host.receive_arp({Operation::kRequest, Host::kPeer.mac, IpAddress::any_v4(), {}, Host::kAddress});
    const auto reply = sent_arp(host.device.take());
    REQUIRE(reply);
    CHECK(reply->operation == Operation::kReply);
    CHECK(reply->target == IpAddress::any_v4());
}

TEST_CASE("messages of another hardware, protocol, length or operation are dropped") {
    Host host;
    const Frame good =
        arp_message({Operation::kRequest, Host::kPeer.mac, Host::kPeer.address, {}, Host::kAddress});
    const auto receive = [&](const Frame& message) {
        host.receive(ethernet_frame(Host::kMac, Host::kPeer.mac, wire::kEtherTypeArp, message));
    };
    for (const std::size_t at : {1u, 2u, 4u, 5u}) {  // hardware, protocol, the lengths of their addresses
        Frame bad = good;
        bad[at] ^= std::byte{2};
        receive(bad);
    }
    CHECK(host.stack.counters()[Drop::kBadHardware] == 4);
    Frame other = good, cut = good;
    other[7] = std::byte{3};  // RARP
    cut.resize(27);
    receive(other);
    receive(cut);
    CHECK(host.stack.counters()[Drop::kBadOption] == 1);
    CHECK(host.stack.counters()[Drop::kTruncated] == 1);
    CHECK(host.device.frames.empty());
    receive(good);
    CHECK_FALSE(host.device.frames.empty());
}

TEST_CASE("requests for others are not answered") {
    Host host;
    host.receive_arp(
        {Operation::kRequest, Host::kPeer.mac, Host::kPeer.address, {}, IpAddress::v4(10, 0, 0, 77)});
    CHECK(host.device.frames.empty());
}

TEST_CASE("packets wait for the answer and then go in order") {
    Host host;
    const auto socket = *host.stack.udp().open();
    send_to(host, *socket, Host::kPeer.address, "one");
    send_to(host, *socket, Host::kPeer.address, "two");
    host.stack.transmit(host.now);
    const Frame frame = host.device.take();
    const auto request = sent_arp(frame);
    REQUIRE(request);
    CHECK(wire::EthernetHeader::parse(frame)->destination == MacAddress::broadcast());
    CHECK(request->target == Host::kPeer.address);
    CHECK(request->sender == Host::kAddress);
    CHECK(host.device.frames.empty());  // one request for both

    host.resolve(Host::kPeer);
    for (const std::string_view text : {"one", "two"}) {
        const auto sent = sent_ip(host.device.take());
        REQUIRE(sent);
        CHECK(sent->ethernet.destination == Host::kPeer.mac);
        CHECK(as_text(Bytes(sent->payload).subspan(8)) == text);
    }
    send_to(host, *socket, Host::kPeer.address, "three");
    CHECK(sent_ip(host.device.take()));
}

TEST_CASE("at most four packets wait for one neighbour: the latest ones") {
    Host host;
    const auto socket = *host.stack.udp().open();
    for (const std::string_view text : {"0", "1", "2", "3", "4", "5"})
        send_to(host, *socket, Host::kPeer.address, text);
    host.stack.transmit(host.now);
    host.device.frames.clear();
    host.device.offloads.clear();
    host.resolve(Host::kPeer);
    REQUIRE(host.device.frames.size() == 4);
    CHECK(as_text(Bytes(sent_ip(host.device.take())->payload).subspan(8)) == "2");
}

TEST_CASE("three requests a second apart, then the address counts as unreachable and sockets learn it") {
    Host host;
    const auto socket = *host.stack.udp().open();
    Noted noted;
    socket->set_observer(&noted);
    REQUIRE(socket->connect({Host::kPeer.address, 9}));
    REQUIRE(socket->send(host.now, as_bytes("x")));
    host.stack.transmit(host.now);
    int requests = 0;
    for (int second = 0; second < 10; ++second) {
        while (!host.device.frames.empty()) requests += sent_arp(host.device.take()).has_value();
        host.wait(Duration::milliseconds(500));
        CHECK(host.stack.next_deadline() > host.now);
        host.wait(Duration::milliseconds(500));
    }
    CHECK(requests == 3);
    CHECK(noted.times == 1);
    CHECK(socket->send(host.now, as_bytes("x")).error().code == ErrorCode::kHostUnreachable);
    CHECK(host.stack.counters()[Drop::kUnresolved] == 1);
    CHECK(host.stack.next_deadline().is_never());
}

TEST_CASE("an entry that has aged is polled by unicast while it stays in use") {
    Host host;
    const auto socket = *host.stack.udp().open();
    host.know(Host::kPeer);
    host.wait(Duration::seconds(61));
    send_to(host, *socket, Host::kPeer.address);
    CHECK(sent_ip(host.device.take()));
    host.stack.transmit(host.now);
    const Frame frame = host.device.take();
    REQUIRE(sent_arp(frame));
    CHECK(wire::EthernetHeader::parse(frame)->destination == Host::kPeer.mac);
    host.resolve(Host::kPeer);
    host.wait(Duration::seconds(3));  // the answer put an end to the polls
    CHECK(host.device.frames.empty());
    CHECK(host.stack.next_deadline().is_never());
}

TEST_CASE("strangers cannot add entries, and what they say of one that is known is looked into") {
    Host host;
    const auto socket = *host.stack.udp().open();
    host.receive_arp({Operation::kReply, Host::kPeer.mac, Host::kPeer.address, {}, Host::kPeer.address},
                     MacAddress::broadcast());
    send_to(host, *socket, Host::kPeer.address);
    CHECK_FALSE(sent_ip(host.device.take()));

    host.resolve(Host::kPeer);
    host.device.frames.clear();
    host.device.offloads.clear();
    host.wait(Duration::seconds(2));
    const MacAddress moved{{2, 0, 0, 0, 0, 10}};
    const auto claim = [&] {
        host.receive_arp({Operation::kReply, moved, Host::kPeer.address, {}, Host::kPeer.address});
        host.stack.transmit(host.now);
    };
    const auto goes_to = [&] {
        send_to(host, *socket, Host::kPeer.address);
        const auto sent = sent_ip(host.device.take());
        return sent ? sent->ethernet.destination : MacAddress();
    };
    claim();
    const Frame poll = host.device.take();
    REQUIRE(sent_arp(poll));
    CHECK(wire::EthernetHeader::parse(poll)->destination == Host::kPeer.mac);
    CHECK(host.stack.counters()[Drop::kContested] == 1);
    for (int i = 0; i < 5; ++i) claim();
    CHECK(host.device.frames.empty());  // one question, whatever they say meanwhile
    CHECK(goes_to() == Host::kPeer.mac);

    SUBCASE("who answers keeps its address") {
        host.resolve(Host::kPeer);
        host.wait(Duration::seconds(3));
        CHECK(host.device.frames.empty());
        CHECK(goes_to() == Host::kPeer.mac);
    }
    SUBCASE("who does not is asked for again, and whoever has the address now answers") {
        host.wait(Duration::seconds(2));
        host.device.frames.clear();
        host.device.offloads.clear();
        CHECK(goes_to() == MacAddress());
        host.stack.transmit(host.now);
        host.device.frames.clear();
        host.device.offloads.clear();
        claim();
        CHECK(goes_to() == moved);
    }
}

TEST_CASE("the cache holds 256 neighbours and forgets the one used least recently") {
    link::NeighborCache cache;
    const auto neighbor = [](std::uint32_t i) { return IpAddress::v4(0x0a000000 + i); };
    const MacAddress mac{{2, 0, 0, 0, 0, 1}};
    Instant now;
    for (std::uint32_t i = 0; i < 256; ++i) {
        now = now + Duration::milliseconds(1);
        cache.learn(now, neighbor(i), mac, false, true);
    }
    CHECK(cache.resolve(now, neighbor(0)) == mac);  // used: not the oldest any more
    now = now + Duration::milliseconds(1);
    cache.learn(now, neighbor(1000), mac, false, true);
    CHECK(cache.resolve(now, neighbor(0)) == mac);
    CHECK(cache.resolve(now, neighbor(1000)) == mac);
    CHECK_FALSE(cache.resolve(now, neighbor(1)));
}

TEST_CASE("packets for neighbours that were forgotten do not keep others from waiting") {
    Host host;
    const auto socket = *host.stack.udp().open();
    for (std::uint8_t i = 0; i < 20; ++i)
        send_to(host, *socket, IpAddress::v4(10, 0, 0, std::uint8_t(100 + i)));
    // A flood of requests to us fills the cache, and those that are being asked for are forgotten.
    for (std::uint32_t i = 0; i < 300; ++i) {
        host.now = host.now + Duration::milliseconds(1);
        host.receive_arp(
            {Operation::kRequest, {{2, 0, 1, 0, 0, 1}}, IpAddress::v4(0x0a010000 + i), {}, Host::kAddress});
    }
    host.wait(Duration::seconds(10));
    host.device.frames.clear();
    host.device.offloads.clear();

    send_to(host, *socket, Host::kPeer.address, "late");
    host.stack.transmit(host.now);
    REQUIRE(sent_arp(host.device.take()));
    host.resolve(Host::kPeer);
    const auto sent = sent_ip(host.device.take());
    REQUIRE(sent);
    CHECK(sent->ip.destination == Host::kPeer.address);
}
