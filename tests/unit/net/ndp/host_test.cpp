// The addresses of an interface, duplicates of them, and the groups that it listens to (RFC 4862, RFC 7217,
// RFC 3810).

#include <doctest/doctest.h>

#include "tests/support/ndp_messages.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

TEST_CASE("an interface begins with a link-local address, looks for duplicates of it and asks for routers") {
    HostV6 host({}, HostV6::automatic(), false);
    const IpAddress own = host.interface->ipv6().link_local();
    CHECK(own.is_link_local());
    CHECK(own.zone() == 2);
    bool probed = false, asked = false;
    while (!host.device.frames.empty()) {
        const auto sent = host.take();
        REQUIRE(sent);
        if (type_of(sent) == Icmpv6Type::kNeighborSolicitation) {
            probed = true;
            CHECK(sent->ip.source.is_unspecified());
            CHECK(sent->ip.hop_limit == 255);
            CHECK(sent->ip.destination == ndp::solicited_node(own, 0));
            CHECK(sent->ethernet.destination == wire::group_mac(sent->ip.destination));
            const auto message = wire::NeighborSolicitation::parse(sent->payload);
            CHECK(message->target == own.without_zone());
            CHECK_FALSE(message->source_mac);
            CHECK(message->nonce);
        }
        if (type_of(sent) == Icmpv6Type::kRouterSolicitation) {
            asked = true;
            CHECK(sent->ip.destination == parsed("ff02::2"));
            CHECK(sent->ip.source == own.without_zone());
        }
    }
    CHECK(probed);
    CHECK(asked);
}

TEST_CASE("without optimism an address is not used before duplicates have been looked for") {
    auto configuration = HostV6::fixed();
    configuration.policy = link::AddressPolicy::kProbe;
    HostV6 host({}, configuration, false);
    CHECK(host.interface->ipv6().link_local().is_unspecified());
    host.receive_icmp(host.peer, ndp::solicited_node(host.address, 0),
                      solicitation(host.address, host.peer.mac));
    while (!host.device.frames.empty()) CHECK(type_of(host.take()) != Icmpv6Type::kNeighborAdvertisement);
    host.settle();
    CHECK(host.interface->is_own(host.address));
}

TEST_CASE("a neighbour is told our MAC when nobody has objected to our address for a second") {
    HostV6 host({}, HostV6::fixed(), false);
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, as_bytes("one")));
    host.stack.transmit(host.now);
    const auto next_question = [&host]() -> std::optional<wire::NeighborSolicitation> {
        while (!host.device.frames.empty()) {
            const auto frame = host.take();
            if (type_of(frame) != Icmpv6Type::kNeighborSolicitation || frame->ip.source.is_unspecified())
                continue;
            CHECK(frame->ip.source == host.address);
            return *wire::NeighborSolicitation::parse(frame->payload);
        }
        return std::nullopt;
    };
    auto asked = next_question();
    REQUIRE(asked);
    CHECK_FALSE(asked->source_mac);
    host.wait(Duration::seconds(1));
    host.wait(Duration::seconds(1));
    while (auto again = next_question()) asked = again;
    CHECK(asked->source_mac == HostV6::kMac);
}

TEST_CASE("a duplicate of an address of our making is replaced, one of the operator's is given up") {
    HostV6 host({}, HostV6::fixed(), false);
    const IpAddress first = host.interface->ipv6().link_local();
    const Peer other{{{2, 0, 0, 0, 0, 8}}, IpAddress()};
    SUBCASE("found by somebody else's advertisement") {
        host.receive_icmp({other.mac, first.without_zone()}, kAllNodes,
                          advertisement(first.without_zone(), other.mac, false, true));
    }
    SUBCASE("found by somebody else's solicitation") {
        host.receive_icmp(other, ndp::solicited_node(first, 0), solicitation(first.without_zone(), {}));
    }
    const IpAddress second = host.interface->ipv6().link_local();
    CHECK(second != first);
    CHECK(second.is_link_local());
    host.receive_icmp(other, ndp::solicited_node(host.address, 0), solicitation(host.address, {}));
    CHECK_FALSE(host.interface->is_own(host.address));
    CHECK(host.interface->ipv6().conflicts() == 2);
}

TEST_CASE("a solicitation of our own that the link has looped back is no duplicate (RFC 7527)") {
    HostV6 host({}, HostV6::fixed(), false);
    const auto sent = solicitations(host);
    REQUIRE(!sent.empty());
    for (const auto& own : sent)
        host.receive_icmp({HostV6::kMac, IpAddress()}, ndp::solicited_node(own.target, 0),
                          solicitation(own.target, {}, own.nonce));
    CHECK(host.interface->is_own(host.address));
    CHECK(host.interface->ipv6().conflicts() == 0);
}

TEST_CASE("identifiers are the same for a prefix and a secret, and differ elsewhere (RFC 7217)") {
    const auto make = [&](std::string_view prefix, std::uint64_t secret, std::uint8_t counter = 0) {
        return ndp::stable_address(parsed(prefix), 2, counter, {secret, secret});
    };
    CHECK(make("2001:db8:1::", 1) == make("2001:db8:1::", 1));
    CHECK(make("2001:db8:1::", 1) != make("2001:db8:1::", 2));
    CHECK(make("2001:db8:1::", 1) != make("2001:db8:1::", 1, 1));
    CHECK(make("2001:db8:1::", 1).bytes()[15] != make("2001:db8:2::", 1).bytes()[15]);
}

TEST_CASE("groups that the host listens to are reported to routers") {
    HostV6 host({}, HostV6::fixed(), false);
    REQUIRE(!host.device.frames.empty());
    const auto first = sent_v6(host.device.frames.front());
    CHECK(first->ip.next_header == wire::kHopByHop);  // a report, before anybody is asked about duplicates
    int reports = 0;
    const auto count = [&] {
        while (!host.device.frames.empty()) {
            const auto sent = host.take();
            REQUIRE(sent);
            if (sent->ip.next_header != wire::kHopByHop) continue;
            ++reports;
            CHECK(sent->ip.destination == parsed("ff02::16"));
            CHECK(sent->ip.hop_limit == 1);
            CHECK(sent->payload[8] == std::byte{143});
            CHECK(sent->payload[16] == std::byte{4});  // CHANGE_TO_EXCLUDE_MODE
        }
    };
    count();
    CHECK(reports == 2);  // the solicited-node groups of both addresses
    host.wait(Duration::seconds(1));
    count();
    CHECK(reports == 4);  // each twice
}

TEST_CASE("a multicast query is answered in time") {
    HostV6 host({}, HostV6::fixed());
    Frame query(24);
    query[0] = std::byte{130};
    query[4] = std::byte{0x03};  // 1000 ms, nearly
    SUBCASE("version 2") {
        query.resize(28);
    }
    SUBCASE("version 1") {}
    const bool older = query.size() == 24;
    host.receive_icmp(host.router, kAllNodes, query, 1);
    host.wait(Duration::seconds(1));
    int reports = 0;
    while (!host.device.frames.empty()) {
        const auto sent = host.take();
        REQUIRE(sent);
        ++reports;
        CHECK(sent->payload[8] == std::byte(older ? 131 : 143));
        if (older) CHECK(sent->ip.destination.is_multicast());
    }
    CHECK(reports == 2);
}
