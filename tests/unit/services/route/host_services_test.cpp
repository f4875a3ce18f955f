// DHCP and router advertisements for the hosts of a router.

#include <doctest/doctest.h>

#include "net/wire/dhcp_server.h"
#include "services/route/dhcp_server.h"
#include "tests/support/router_lab.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using net::MacAddress;
using net::wire::DhcpReply;
using net::wire::DhcpRequest;
using net::wire::DhcpType;
using route::DhcpServer;

namespace {

constexpr IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);

MacAddress client(int number) {
    return {{2, 7, 0, 0, std::uint8_t(number >> 8), std::uint8_t(number)}};
}

struct Server {
    explicit Server(std::uint32_t last = 0x0a000065) {
        route::TableParts parts;
        parts.interfaces.push_back({});
        parts.dhcp_hosts.push_back({client(99), 0, 0x0a000032});
        parts.dhcp_hosts.push_back({client(98), 0, 0x0a000064});  // inside the pool
        bytes = route::build_table(std::move(parts));
        route::DhcpServerRecord record;
        record.first = 0x0a000064;
        record.last = last;
        record.lease_seconds = 3600;
        record.router = kOwn.to_v4();
        record.dns[0] = 0x0a000035;
        record.host_count = 2;
        record.domain = {'a', '.', 'b'};
        server.emplace(record, *route::Table::open(bytes), kOwn, 24, SipHashKey{1, 2});
    }
    std::optional<DhcpReply> ask(const DhcpRequest& request) {
        std::byte message[DhcpRequest::kMaximumSize];
        request.emit(message);
        sent = server->receive(now, message, out);
        if (!sent) return std::nullopt;
        const auto reply = DhcpReply::parse(Bytes(out).first(sent->size));
        REQUIRE(reply);
        return *reply;
    }
    std::optional<IpAddress> lease(int number, std::optional<IpAddress> wanted = {}) {
        const auto offer = ask({.type = DhcpType::kDiscover, .client = client(number), .requested = wanted});
        if (!offer || offer->type != DhcpType::kOffer) return std::nullopt;
        const auto ack = ask({.type = DhcpType::kRequest,
                              .client = client(number),
                              .requested = offer->address,
                              .server = kOwn});
        if (!ack || ack->type != DhcpType::kAck || ack->address != offer->address) return std::nullopt;
        return ack->address;
    }

    Instant now;
    std::vector<std::byte> bytes;
    std::byte out[net::wire::DhcpAnswer::kMaximumSize];
    std::optional<DhcpServer> server;
    std::optional<DhcpServer::Answer> sent;
};

}  // namespace

TEST_CASE("discover, offer, request, acknowledgment") {
    Server server;
    const auto offer = server.ask({.type = DhcpType::kDiscover, .transaction = 77, .client = client(1)});
    REQUIRE(offer);
    CHECK(offer->type == DhcpType::kOffer);
    CHECK(offer->transaction == 77);
    CHECK(offer->address == IpAddress::v4(10, 0, 0, 101));  // the other one is reserved
    CHECK(offer->prefix_length == 24);
    CHECK(offer->routers[0] == kOwn);
    CHECK(offer->server == kOwn);
    CHECK(offer->dns[0] == IpAddress::v4(10, 0, 0, 53));
    CHECK(offer->lease_seconds == 3600);
    CHECK(offer->renewal_seconds == 1800);
    const std::string_view written = as_text(Bytes(server.out).first(server.sent->size));
    CHECK(written.find("\x0f\x03"
                       "a.b") != written.npos);  // the domain, option 15
    CHECK_FALSE(server.sent->broadcast);
    CHECK(server.sent->mac == client(1));
    CHECK(server.server->leased(server.now) == 0);
    CHECK(server.lease(1) == offer->address);
    CHECK(server.server->leased(server.now) == 1);
    CHECK(server.ask({.type = DhcpType::kDiscover, .broadcast = true, .client = client(1)}));
    CHECK(server.sent->broadcast);
}

TEST_CASE("a pool that is used up leaves new clients without, until a lease ends") {
    Server server;
    CHECK(server.lease(1));
    CHECK(!server.lease(2));
    CHECK(server.lease(1));
    server.now = server.now + Duration::seconds(3601);
    CHECK(server.lease(2));
    CHECK(!server.lease(1));
    server.ask({.type = DhcpType::kRelease, .client = client(2), .current = IpAddress::v4(10, 0, 0, 101)});
    CHECK(server.lease(1));
}

TEST_CASE("reserved addresses are for their clients alone") {
    Server server;
    CHECK(server.lease(99) == IpAddress::v4(10, 0, 0, 50));
    CHECK(server.lease(98) == IpAddress::v4(10, 0, 0, 100));
    CHECK(server.lease(5, IpAddress::v4(10, 0, 0, 100)) == IpAddress::v4(10, 0, 0, 101));
    const auto nak = server.ask(
        {.type = DhcpType::kRequest, .client = client(5), .requested = IpAddress::v4(10, 0, 0, 50)});
    CHECK(nak->type == DhcpType::kNak);
    CHECK(server.sent->broadcast);
}

TEST_CASE("renewal, addresses of before and of elsewhere") {
    Server server(0x0a0000c8);
    const auto address = *server.lease(1);
    server.now = server.now + Duration::seconds(1800);
    auto reply = server.ask({.type = DhcpType::kRequest, .client = client(1), .current = address});
    CHECK(reply->type == DhcpType::kAck);
    CHECK(server.sent->address == address);
    // Somebody else's, one of another network, one that was had before a restart.
    reply = server.ask({.type = DhcpType::kRequest, .client = client(2), .requested = address});
    CHECK(reply->type == DhcpType::kNak);
    reply = server.ask(
        {.type = DhcpType::kRequest, .client = client(2), .requested = IpAddress::v4(192, 168, 0, 9)});
    CHECK(reply->type == DhcpType::kNak);
    reply = server.ask(
        {.type = DhcpType::kRequest, .client = client(3), .requested = IpAddress::v4(10, 0, 0, 150)});
    CHECK(reply->type == DhcpType::kAck);
}

TEST_CASE("another server is chosen; an address is declined; information alone") {
    Server server;
    CHECK(server.ask({.type = DhcpType::kDiscover, .client = client(1)}));
    CHECK(!server.lease(2));  // kept back for the first
    CHECK(!server.ask({.type = DhcpType::kRequest,
                       .client = client(1),
                       .requested = IpAddress::v4(10, 0, 0, 101),
                       .server = IpAddress::v4(10, 0, 0, 2)}));
    const auto address = server.lease(2);
    REQUIRE(address);
    CHECK(
        !server.ask({.type = DhcpType::kDecline, .client = client(2), .requested = address, .server = kOwn}));
    CHECK(!server.lease(2));
    server.now = server.now + DhcpServer::kDeclined;
    CHECK(server.lease(2));
    const auto told =
        server.ask({.type = DhcpType::kInform, .client = client(9), .current = IpAddress::v4(10, 0, 0, 77)});
    REQUIRE(told);
    CHECK(told->type == DhcpType::kAck);
    CHECK(told->address == IpAddress::any_v4());
    CHECK(told->lease_seconds == 0);
}

TEST_CASE("a flood of clients stays within the bounds") {
    Server server(0x0a00ffff);
    int granted = 0;
    for (int i = 0; i < 6000; ++i) {
        server.now = server.now + Duration::milliseconds(12);
        granted += server.lease(i + 1000).has_value();
    }
    CHECK(granted == int(DhcpServer::kMaximumLeases));
    server.now = server.now + Duration::seconds(3600);
    CHECK(server.lease(1));
    int heard = 0;
    for (int i = 0; i < 1000; ++i) heard += server.ask({.client = client(1)}).has_value();
    CHECK(heard <= DhcpServer::kQueries);
}

namespace {

void offer_services(route::TableParts& parts) {
    parts.interfaces[1].dhcp_server = 0;
    route::DhcpServerRecord dhcp;
    dhcp.first = 0x0a000164;
    dhcp.last = 0x0a0001c8;
    dhcp.lease_seconds = 600;
    parts.dhcp_servers.push_back(dhcp);
    parts.interfaces[1].advertisement = 0;
    route::AdvertisementRecord advertisement;
    advertisement.interval_seconds = 30;
    advertisement.lifetime_seconds = 90;
    advertisement.prefix_count = 1;
    advertisement.dns[0] = route::StoredAddress::of(RouterLab::host_v6(1, 0x53));
    parts.advertisements.push_back(advertisement);
    parts.advertised_prefixes.push_back(
        {route::StoredAddress::of(IpAddress::v6({0xfd, 0, 0, 1})), 3600, 1800, 64, 1, 0});
}

std::optional<net::wire::RouterAdvertisement> advertisement_of(const RouterLab::Sent& sent) {
    if (!sent.packet || sent.packet->protocol() != packet::kIcmpv6 || sent.packet->icmp_type() != 134)
        return std::nullopt;
    CHECK(sent.packet->transport_checksum_ok());
    CHECK(sent.packet->hop_limit() == 255);
    CHECK(sent.packet->source().is_link_local());
    const auto parsed = net::wire::RouterAdvertisement::parse(sent.packet->transport());
    REQUIRE(parsed);
    return *parsed;
}

}  // namespace

TEST_CASE("a DHCP client at the router") {
    RouterLab lab({.change = offer_services});
    std::byte message[DhcpRequest::kMaximumSize];
    DhcpRequest{.type = DhcpType::kDiscover, .transaction = 5, .client = client(1)}.emit(message);
    Octets octets(8);
    put16(octets, 0, 68);
    put16(octets, 2, 67);
    put16(octets, 4, std::uint16_t(8 + sizeof(message)));
    append(octets, message);
    Octets discover = frame(IpAddress::any_v4(), IpAddress::v4(0xffffffff), packet::kUdp, octets);
    for (int i = 0; i < 6; ++i) discover[i] = std::byte{0xff};
    lab.broadcast(1, discover);
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].destination() == client(1));
    CHECK(sent[0].packet->transport_checksum_ok());
    CHECK(sent[0].packet->source() == RouterLab::own(1));
    const auto offer = DhcpReply::parse(sent[0].packet->transport().subspan(8));
    REQUIRE(offer);
    CHECK(offer->address == sent[0].packet->destination());
    CHECK((offer->address.to_v4() >> 8) == 0x0a0001);
    // An interface without a server says nothing.
    lab.broadcast(0, discover);
    CHECK(lab.received(0).empty());
}

TEST_CASE("routers advertise now and then, and when they are asked") {
    RouterLab lab({.change = offer_services});
    int heard = 0;
    for (int i = 0; i < 100; ++i) {
        lab.wait(Duration::seconds(1));
        for (const auto& sent : lab.received(1)) {
            const auto message = advertisement_of(sent);
            if (!message) continue;
            ++heard;
            CHECK(message->lifetime_seconds == 90);
            REQUIRE(message->prefix_count == 1);
            CHECK(message->prefixes[0].on_link);
            CHECK(message->prefixes[0].autonomous);
            CHECK(message->prefixes[0].valid_seconds == 3600);
            REQUIRE(message->dns_count == 1);
            CHECK(message->dns[0] == RouterLab::host_v6(1, 0x53));
            CHECK(message->mtu == 1500);
            CHECK(message->source_mac == RouterLab::mac(1));
        }
        CHECK(lab.received(0).empty());
    }
    CHECK(heard >= 3);
    CHECK(heard <= 10);

    lab.wait(Duration::seconds(5));
    lab.received(1);
    const IpAddress asker = IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});
    const IpAddress all_routers = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
    for (int i = 0; i < 20; ++i)
        lab.broadcast(1, frame(asker, all_routers, packet::kIcmpv6, icmp(133, 0), 255));
    heard = 0;
    for (int i = 0; i < 8; ++i) {
        lab.wait(Duration::milliseconds(100));
        for (const auto& sent : lab.received(1)) heard += advertisement_of(sent).has_value();
    }
    CHECK(heard == 1);
}

TEST_CASE("a router that ends says so once, to those who have heard of it") {
    RouterLab lab({.change = offer_services});
    const auto said = [&lab] {
        std::vector<net::wire::RouterAdvertisement> all;
        lab.wait(Duration::milliseconds(100));
        for (const auto& sent : lab.received(1))
            if (const auto message = advertisement_of(sent)) all.push_back(*message);
        return all;
    };
    lab.stack.leave(lab.now);
    const auto last = said();
    REQUIRE(last.size() == 1);
    CHECK(last[0].lifetime_seconds == 0);
    REQUIRE(last[0].dns_count == 1);
    CHECK(last[0].dns_seconds[0] == 0);
    // Addresses are good for as long as they were: hosts of the link reach each other by them.
    REQUIRE(last[0].prefix_count == 1);
    CHECK(last[0].prefixes[0].valid_seconds == 3600);
    CHECK(lab.received(0).empty());
    lab.wait(Duration::seconds(60));
    lab.router.reset();
    CHECK(said().empty());
}

TEST_CASE("a router that is taken away takes its leave too") {
    RouterLab lab({.change = offer_services});
    lab.router.reset();
    lab.wait(Duration::milliseconds(100));
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    REQUIRE(advertisement_of(sent[0]));
    CHECK(advertisement_of(sent[0])->lifetime_seconds == 0);
}
