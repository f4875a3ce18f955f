// Multicast: what routers are told (IGMPv3, IGMPv2, MLDv2), and which sockets hear what is sent to a group.

#include <doctest/doctest.h>

#include "net/wire/igmp.h"
#include "tests/support/fake_link_v6.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

constexpr IpAddress kGroup = IpAddress::v4(239, 1, 2, 3);

// The IGMP messages that have been sent, as type and group.
std::vector<std::pair<int, IpAddress>> reports(Host& host) {
    std::vector<std::pair<int, IpAddress>> found;
    while (!host.device.frames.empty()) {
        const auto sent = sent_ip(host.device.take());
        if (!sent || sent->ip.protocol != 2) continue;
        CHECK(sent->ip.ttl == 1);
        CHECK(sent->ip.header_length == 24);
        CHECK(sent->ethernet.destination == wire::group_mac(sent->ip.destination));
        CHECK(InternetChecksum().add(sent->payload).is_correct());
        const std::size_t at = sent->payload.size() - 4;
        const auto byte = [&](std::size_t i) { return std::to_integer<std::uint8_t>(sent->payload[at + i]); };
        found.emplace_back(std::to_integer<int>(sent->payload[0]),
                           IpAddress::v4(byte(0), byte(1), byte(2), byte(3)));
    }
    return found;
}

Frame igmp(std::initializer_list<int> values) {
    Frame bytes;
    for (const int value : values) bytes.push_back(std::byte(value));
    const std::uint16_t checksum = InternetChecksum().add(bytes).value();
    bytes[2] = std::byte(checksum >> 8);
    bytes[3] = std::byte(checksum);
    return bytes;
}

void receive_igmp(Host& host, const Frame& message, std::uint8_t ttl = 1) {
    auto header = host.from(Host::kGateway, ip::Protocol::kIgmp, IpAddress::v4(224, 0, 0, 1));
    header.ttl = ttl;
    host.receive(ethernet_frame(wire::group_mac(header.destination), Host::kGateway.mac, wire::kEtherTypeIpv4,
                                ipv4_packet(header, message)));
}

void send_to_group(Host& host, const IpAddress& group, std::string_view text) {
    auto header = host.from(Host::kPeer, ip::Protocol::kUdp, group);
    host.receive(ethernet_frame(
        wire::group_mac(group), Host::kPeer.mac, wire::kEtherTypeIpv4,
        ipv4_packet(header, udp_datagram({Host::kPeer.address, 9}, {group, 5000}, bytes_of(text)))));
}

std::unique_ptr<udp::Socket> open(Stack& stack, const IpAddress& local = {}) {
    auto socket = *stack.udp().open();
    REQUIRE(socket->bind({local, 5000}));
    return socket;
}

}  // namespace

TEST_CASE("joining and leaving a group is told twice, in the words of IGMPv3") {
    Host host;
    auto socket = open(host.stack);
    REQUIRE(socket->join(kGroup));
    CHECK(socket->join(kGroup).error().code == ErrorCode::kAlready);
    host.wait(Duration());
    host.wait(Duration::seconds(1));
    const auto joined = reports(host);
    REQUIRE(joined.size() == 2);
    CHECK(joined[0] == std::pair(0x22, kGroup));
    REQUIRE(socket->leave(kGroup));
    host.wait(Duration());
    host.wait(Duration::seconds(1));
    CHECK(reports(host).size() == 2);
    CHECK(socket->leave(kGroup).error().code == ErrorCode::kAddressUnavailable);
    CHECK(socket->join(Host::kPeer.address).error().code == ErrorCode::kInvalid);
}

TEST_CASE("queries are answered within their time, in the words of the querier's version") {
    Host host;
    auto socket = open(host.stack);
    REQUIRE(socket->join(kGroup));
    host.wait(Duration());
    host.wait(Duration::seconds(1));
    reports(host);
    int type = 0;
    SUBCASE("version 3") {
        receive_igmp(host, igmp({0x11, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
        type = 0x22;
    }
    SUBCASE("version 2") {
        receive_igmp(host, igmp({0x11, 10, 0, 0, 0, 0, 0, 0}));
        type = 0x16;
    }
    SUBCASE("for another group") {
        receive_igmp(host, igmp({0x11, 10, 0, 0, 239, 9, 9, 9}));
    }
    SUBCASE("from beyond the link") {
        receive_igmp(host, igmp({0x11, 10, 0, 0, 0, 0, 0, 0}), 2);
    }
    SUBCASE("corrupt") {
        auto query = igmp({0x11, 10, 0, 0, 0, 0, 0, 0});
        query[1] = std::byte{11};
        receive_igmp(host, query);
    }
    host.wait(Duration::seconds(1));
    const auto answers = reports(host);
    REQUIRE(answers.size() == (type != 0 ? 1 : 0));
    if (type != 0) CHECK(answers[0] == std::pair(type, kGroup));
    if (type == 0x16) {
        REQUIRE(socket->leave(kGroup));
        host.wait(Duration());
        CHECK(reports(host).at(0).first == 0x17);
    }
}

TEST_CASE("what is sent to a group is heard by every socket that has joined it, and by no other") {
    Host host;
    auto joined = open(host.stack, IpAddress::any_v4());
    send_to_group(host, kGroup, "too early");
    CHECK(host.stack.counters()[Drop::kNotForUs] == 1);
    REQUIRE(joined->join(kGroup));
    auto elsewhere = *host.stack.udp().open();
    REQUIRE(elsewhere->bind({IpAddress::any_v4(), 5001}));
    REQUIRE(elsewhere->join(kGroup));
    send_to_group(host, kGroup, "now");
    const auto datagram = joined->front();
    REQUIRE(datagram);
    CHECK(as_text(datagram->payload) == "now");
    CHECK(datagram->destination == kGroup);
    CHECK_FALSE(elsewhere->front());
    joined->pop();
    joined.reset();  // leaves
    elsewhere.reset();
    send_to_group(host, kGroup, "too late");
    CHECK(host.stack.counters()[Drop::kNotForUs] == 2);
    CHECK(host.device.frames.size() < 10);
}

TEST_CASE("packets to a group stay on the link unless they are told to go further") {
    Host host;
    auto socket = open(host.stack);
    REQUIRE(socket->send_to(host.now, {kGroup, 5000}, as_bytes("hello")));
    auto sent = sent_ip(host.device.take());
    REQUIRE(sent);
    CHECK(sent->ip.ttl == 1);
    CHECK(sent->ethernet.destination == MacAddress{{0x01, 0, 0x5e, 1, 2, 3}});
    socket->set_group_ttl(5);
    REQUIRE(socket->send_to(host.now, {kGroup, 5000}, as_bytes("hello")));
    CHECK(sent_ip(host.device.take())->ip.ttl == 5);
}

TEST_CASE("groups of IPv6 are joined in their zone") {
    HostV6 host({}, HostV6::fixed());
    auto socket = open(host.stack);
    const IpAddress group = parsed("ff02::1234");
    REQUIRE(socket->join(group));
    host.wait(Duration());
    CHECK(type_of(host.take()) == std::nullopt);  // a report, behind its hop-by-hop header
    wire::Ipv6Header header;
    header.source = host.peer.address;
    header.destination = group;
    header.next_header = 17;
    host.receive_ip(header, udp_datagram({host.peer.address, 9}, {group, 5000}, bytes_of("six")),
                    host.peer.mac);
    const auto datagram = socket->front();
    REQUIRE(datagram);
    CHECK(as_text(datagram->payload) == "six");
    CHECK(datagram->destination == group.with_zone(2));
    header.destination = parsed("ff02::1235");
    host.receive_ip(header, udp_datagram({host.peer.address, 9}, {header.destination, 5000}, bytes_of("no")),
                    host.peer.mac);
    CHECK(host.stack.counters()[Drop::kNotForUs] == 1);
}

TEST_CASE("the groups of a socket and of an interface are bounded") {
    Host host;
    std::vector<std::unique_ptr<udp::Socket>> sockets;
    std::size_t groups = 0;
    for (int i = 0; i < 8; ++i) {
        sockets.push_back(*host.stack.udp().open());
        for (int j = 0; j < 10; ++j)
            if (sockets.back()->join(IpAddress::v4(239, 1, std::uint8_t(i), std::uint8_t(j)))) ++groups;
    }
    CHECK(groups == multicast::Membership::kCapacity);
}
