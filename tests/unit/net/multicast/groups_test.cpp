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
    // With one record and no source: what the messages of all versions end with is the group.
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

namespace {

// What the reports of version 3 that have been sent say: kind, sources.
using Record = std::pair<multicast::Report::Kind, std::vector<IpAddress>>;
std::vector<Record> records(Host& host) {
    std::vector<Record> found;
    while (!host.device.frames.empty()) {
        const auto sent = sent_ip(host.device.take());
        if (!sent || sent->ip.protocol != 2) continue;
        const Bytes message = sent->payload;
        CHECK(InternetChecksum().add(message).is_correct());
        const auto byte = [&](std::size_t i) { return std::to_integer<std::uint8_t>(message[i]); };
        REQUIRE(byte(0) == 0x22);
        REQUIRE(message.size() == 16u + 4u * byte(11));
        Record record{multicast::Report::Kind(byte(8)), {}};
        for (std::size_t at = 16; at < message.size(); at += 4)
            record.second.push_back(IpAddress::v4(byte(at), byte(at + 1), byte(at + 2), byte(at + 3)));
        found.push_back(record);
    }
    return found;
}

// All that is told within two seconds.
std::vector<Record> records_from_now(Host& host) {
    host.wait(Duration());
    host.wait(Duration::seconds(1));
    host.wait(Duration::seconds(1));
    return records(host);
}

constexpr IpAddress kOther = IpAddress::v4(10, 0, 0, 77), kThird = IpAddress::v4(10, 0, 0, 78);
using enum udp::Socket::Sources;
using enum multicast::Report::Kind;

}  // namespace

TEST_CASE("a group joined for some sources is heard from them alone, and routers are told of them") {
    Host host;
    auto socket = open(host.stack);
    REQUIRE(socket->add_source(kInclude, kGroup, kOther));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kAllow, {kOther}}));
    send_to_group(host, kGroup, "not from the peer");
    CHECK_FALSE(socket->front());
    REQUIRE(socket->add_source(kInclude, kGroup, Host::kPeer.address));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kAllow, {Host::kPeer.address}}));
    send_to_group(host, kGroup, "now");
    REQUIRE(socket->front());
    socket->pop();
    CHECK(socket->add_source(kInclude, kGroup, kOther).error().code == ErrorCode::kAlready);
    CHECK(socket->add_source(kExclude, kGroup, kThird).error().code == ErrorCode::kInvalid);
    CHECK(socket->join(kGroup).error().code == ErrorCode::kAlready);

    REQUIRE(socket->remove_source(kInclude, kGroup, kOther));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kBlock, {kOther}}));
    CHECK(socket->remove_source(kInclude, kGroup, kOther).error().code == ErrorCode::kAddressUnavailable);
    REQUIRE(socket->remove_source(kInclude, kGroup, Host::kPeer.address));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kBlock, {Host::kPeer.address}}));
    CHECK(socket->leave(kGroup).error().code == ErrorCode::kAddressUnavailable);
}

TEST_CASE("of a group joined whoever sends, sources can be left out") {
    Host host;
    auto socket = open(host.stack);
    CHECK(socket->add_source(kExclude, kGroup, kOther).error().code == ErrorCode::kInvalid);
    REQUIRE(socket->join(kGroup));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kToExclude, {}}));
    REQUIRE(socket->add_source(kExclude, kGroup, Host::kPeer.address));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kBlock, {Host::kPeer.address}}));
    send_to_group(host, kGroup, "not from the peer");
    CHECK_FALSE(socket->front());
    REQUIRE(socket->remove_source(kExclude, kGroup, Host::kPeer.address));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kAllow, {Host::kPeer.address}}));
    send_to_group(host, kGroup, "now");
    CHECK(socket->front());
    REQUIRE(socket->leave(kGroup));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kToInclude, {}}));
}

TEST_CASE("the sources of a group are set as a whole, whichever way it was joined (RFC 3678)") {
    Host host;
    auto socket = open(host.stack);
    const IpAddress peer = Host::kPeer.address;
    const std::array<IpAddress, 2> some{kOther, peer};
    CHECK(socket->set_sources(kInclude, kGroup, some).error().code == ErrorCode::kInvalid);
    CHECK(socket->sources_of(kGroup).error().code == ErrorCode::kAddressUnavailable);
    REQUIRE(socket->join(kGroup));
    records_from_now(host);
    REQUIRE(socket->set_sources(kExclude, kGroup, {}));  // as it is
    CHECK_FALSE(socket->sources_of(kGroup)->include);
    CHECK(records_from_now(host).empty());
    REQUIRE(socket->set_sources(kExclude, kGroup, some));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kBlock, {kOther, peer}}));
    send_to_group(host, kGroup, "not from the peer");
    CHECK_FALSE(socket->front());
    REQUIRE(socket->set_sources(kInclude, kGroup, some));
    CHECK(socket->sources_of(kGroup)->include);
    CHECK(socket->sources_of(kGroup)->sources.all().size() == 2);
    CHECK(records_from_now(host) == std::vector<Record>(2, {kToInclude, {kOther, peer}}));
    send_to_group(host, kGroup, "now");
    CHECK(socket->front());
    // What cannot be changes nothing.
    const std::array<IpAddress, 1> wrong{kGroup};
    CHECK(socket->set_sources(kInclude, kGroup, wrong).error().code == ErrorCode::kInvalid);
    std::vector<IpAddress> many;
    for (std::uint32_t i = 0; i <= multicast::SourceList::kCapacity; ++i)
        many.push_back(IpAddress::v4(0x0a00'0001 + i));
    CHECK(socket->set_sources(kInclude, kGroup, many).error().code == ErrorCode::kNoBuffers);
    CHECK(socket->sources_of(kGroup)->sources.all().size() == 2);
    REQUIRE(socket->set_sources(kInclude, kGroup, {}));  // of nobody: left
    CHECK_FALSE(socket->sources_of(kGroup));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kBlock, {kOther, peer}}));
}

TEST_CASE("an interface listens to what all sockets together want (RFC 3376, section 3.2)") {
    Host host;
    auto some = open(host.stack), others = *host.stack.udp().open(), all = *host.stack.udp().open();
    REQUIRE(some->add_source(kInclude, kGroup, kOther));
    REQUIRE(others->add_source(kInclude, kGroup, kThird));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kAllow, {kOther, kThird}}));
    REQUIRE(all->join(kGroup));
    REQUIRE(all->add_source(kExclude, kGroup, kThird));
    REQUIRE(all->add_source(kExclude, kGroup, Host::kPeer.address));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kToExclude, {Host::kPeer.address}}));
    others.reset();
    CHECK(records_from_now(host) == std::vector<Record>(2, {kBlock, {kThird}}));
    all.reset();
    CHECK(records_from_now(host) == std::vector<Record>(2, {kToInclude, {kOther}}));
    // A change while another one is to be told once more.
    REQUIRE(some->add_source(kInclude, kGroup, kThird));
    host.wait(Duration());
    REQUIRE(some->remove_source(kInclude, kGroup, kOther));
    CHECK(records(host) == std::vector<Record>{{kAllow, {kThird}}});
    host.wait(Duration());
    CHECK(records_from_now(host) ==
          std::vector<Record>{{kAllow, {kThird}}, {kBlock, {kOther}}, {kBlock, {kOther}}});
    some.reset();
    CHECK(records_from_now(host) == std::vector<Record>(2, {kBlock, {kThird}}));
}

TEST_CASE("a query for sources is answered by who hears one of them") {
    Host host;
    auto socket = open(host.stack);
    REQUIRE(socket->add_source(kInclude, kGroup, kOther));
    records_from_now(host);
    std::vector<Record> expected;
    SUBCASE("heard") {
        receive_igmp(host, igmp({0x11, 10, 0, 0, 239, 1, 2, 3, 2, 125, 0, 1, 10, 0, 0, 77}));
        expected = {{kIsInclude, {kOther}}};
    }
    SUBCASE("not heard") {
        receive_igmp(host, igmp({0x11, 10, 0, 0, 239, 1, 2, 3, 2, 125, 0, 1, 10, 0, 0, 78}));
    }
    SUBCASE("more sources than there are bytes") {
        receive_igmp(host, igmp({0x11, 10, 0, 0, 239, 1, 2, 3, 2, 125, 0, 2, 10, 0, 0, 77}));
        CHECK(host.stack.counters()[Drop::kBadLength] == 1);
    }
    CHECK(records_from_now(host) == expected);
}

TEST_CASE("the sources of a group are bounded, and too many of all sockets become whoever sends") {
    Host host;
    auto first = open(host.stack), second = *host.stack.udp().open();
    for (std::uint8_t i = 0; i < multicast::SourceList::kCapacity; ++i) {
        REQUIRE(first->add_source(kInclude, kGroup, IpAddress::v4(10, 0, 1, i)));
        if (i % 2 == 0) REQUIRE(second->add_source(kInclude, kGroup, IpAddress::v4(10, 0, 1, i)));
    }
    CHECK(first->add_source(kInclude, kGroup, kOther).error().code == ErrorCode::kNoBuffers);
    records_from_now(host);
    REQUIRE(second->add_source(kInclude, kGroup, kOther));
    CHECK(records_from_now(host) == std::vector<Record>(2, {kToExclude, {}}));
    send_to_group(host, kGroup, "nobody's source");
    CHECK_FALSE(first->front());
    second.reset();
    const auto told = records_from_now(host);
    REQUIRE(told.size() == 2);
    CHECK(told[1].first == kToInclude);
    CHECK(told[1].second.size() == multicast::SourceList::kCapacity);
}

TEST_CASE("what is sent to a group is heard by members on this host, unless they are not to") {
    Host host;
    auto socket = open(host.stack), member = *host.stack.udp().open();
    REQUIRE(member->bind({IpAddress::any_v4(), 5001}));
    REQUIRE(socket->send_to(host.now, {kGroup, 5001}, as_bytes("too early")));
    REQUIRE(member->join(kGroup));
    host.wait(Duration());
    CHECK_FALSE(member->front());
    host.device.frames.clear();
    REQUIRE(socket->send_to(host.now, {kGroup, 5001}, as_bytes("to all")));
    host.wait(Duration());
    const auto heard = member->front();
    REQUIRE(heard);
    CHECK(as_text(heard->payload) == "to all");
    CHECK(heard->source.address == Host::kAddress);
    CHECK(heard->destination == kGroup);
    CHECK(host.device.frames.size() == 1);
    member->pop();
    // With a time to live of zero by them alone, and to others nothing can be sent so.
    host.device.frames.clear();
    socket->set_group_ttl(0);
    socket->set_ttl(0);
    REQUIRE(socket->send_to(host.now, {kGroup, 5001}, as_bytes("to us")));
    REQUIRE(socket->send_to(host.now, {Host::kPeer.address, 5001}, as_bytes("to nobody")));
    host.wait(Duration());
    REQUIRE(member->front());
    CHECK(as_text(member->front()->payload) == "to us");
    member->pop();
    CHECK(host.device.frames.empty());
    socket->set_group_ttl(1);
    socket->set_ttl(64);
    // In fragments too.
    REQUIRE(socket->send_to(host.now, {kGroup, 5001}, Frame(3000, std::byte{7})));
    host.wait(Duration());
    REQUIRE(member->front());
    CHECK(member->front()->payload.size() == 3000);
    member->pop();
    socket->set_group_loop(false);
    REQUIRE(socket->send_to(host.now, {kGroup, 5001}, as_bytes("to others")));
    host.wait(Duration());
    CHECK_FALSE(member->front());
}

TEST_CASE("groups of IPv6 come back in the zone that they left by, and those of this host never leave it") {
    HostV6 host({}, HostV6::fixed());
    auto socket = open(host.stack);
    for (const char* text : {"ff02::1234", "ff05::1234", "ff01::1234"}) {
        CAPTURE(text);
        const IpAddress group = parsed(text);
        REQUIRE(socket->join(group));
        host.wait(Duration());
        host.device.frames.clear();
        REQUIRE(socket->send_to(host.now, {group, 5000}, as_bytes("six")));
        host.wait(Duration());
        const auto heard = socket->front();
        REQUIRE(heard);
        CHECK(heard->destination.without_zone() == group);
        CHECK(host.device.frames.size() == (group == parsed("ff01::1234") ? 0 : 1));
        socket->pop();
    }
}

TEST_CASE("an interface may be named for packets to groups") {
    Host host;
    auto socket = open(host.stack);
    REQUIRE(socket->join(kGroup, 1));
    socket->set_group_zone(1);  // the loopback interface
    REQUIRE(socket->send_to(host.now, {kGroup, 5000}, as_bytes("inside")));
    host.wait(Duration());
    REQUIRE(socket->front());
    CHECK(socket->front()->source.address == IpAddress::v4(127, 0, 0, 1));
    CHECK(host.device.frames.empty());
    socket->set_group_zone(9);
    CHECK(socket->send_to(host.now, {kGroup, 5000}, as_bytes("nowhere")).error().code ==
          ErrorCode::kNetworkUnreachable);
}
