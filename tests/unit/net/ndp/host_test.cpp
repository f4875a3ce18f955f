// Neighbour discovery and address configuration of a host, through its frames (RFC 4861, RFC 4862).

#include <doctest/doctest.h>

#include "tests/support/fake_link_v6.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using ndp::Address;
using wire::Icmpv6Type;

namespace {

// A router's advertisement, option by option.
struct Advertisement {
    Frame bytes;
    explicit Advertisement(std::uint16_t lifetime, std::uint8_t flags = 0) {
        bytes = {std::byte{134},     {}, {}, {}, std::byte{64}, std::byte(flags), std::byte(lifetime >> 8),
                 std::byte(lifetime)};
        bytes.resize(16);
    }
    Advertisement& number(std::uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(std::byte(value >> shift));
        return *this;
    }
    Advertisement& raw(const IpAddress& address) {
        for (const std::uint8_t byte : address.bytes()) bytes.push_back(std::byte(byte));
        return *this;
    }
    // Milliseconds.
    Advertisement& timing(std::uint32_t reachable, std::uint32_t retransmit) {
        for (std::size_t i = 0; i < 4; ++i) {
            bytes[8 + i] = std::byte(reachable >> (24 - 8 * i));
            bytes[12 + i] = std::byte(retransmit >> (24 - 8 * i));
        }
        return *this;
    }
    Advertisement& mac(MacAddress address) {
        bytes.insert(bytes.end(), {std::byte{1}, std::byte{1}});
        for (const std::uint8_t byte : address.bytes) bytes.push_back(std::byte(byte));
        return *this;
    }
    Advertisement& mtu(std::uint32_t value) {
        bytes.insert(bytes.end(), {std::byte{5}, std::byte{1}, {}, {}});
        return number(value);
    }
    Advertisement& prefix(std::string_view text, std::uint32_t valid, std::uint32_t preferred,
                          std::uint8_t flags = 0xc0, std::uint8_t length = 64) {
        bytes.insert(bytes.end(), {std::byte{3}, std::byte{4}, std::byte(length), std::byte(flags)});
        return number(valid).number(preferred).number(0).raw(parsed(text));
    }
    Advertisement& search(std::uint32_t lifetime) {  // "lan"
        bytes.insert(bytes.end(), {std::byte{31}, std::byte{2}, {}, {}});
        return number(lifetime).number(0x036c616e).number(0);
    }
    Advertisement& dns(std::string_view text, std::uint32_t lifetime) {
        bytes.insert(bytes.end(), {std::byte{25}, std::byte{3}, {}, {}});
        return number(lifetime).raw(parsed(text));
    }
};

const IpAddress kAllNodes = parsed("ff02::1");
const IpAddress kAllNodesHere = parsed("ff02::1%2");

struct Automatic : HostV6 {
    Automatic() : HostV6({}, automatic()) {}
    void advertise(const Advertisement& message, std::uint8_t hop_limit = 255) {
        receive_icmp(router, kAllNodes, message.bytes, hop_limit);
    }
    // The address of this prefix, or null.
    const Address* address_in(std::string_view prefix) const {
        for (const Address& own : interface->ipv6().addresses())
            if (std::equal(own.address.bytes().begin(), own.address.bytes().begin() + 8,
                           parsed(prefix).bytes().begin()))
                return &own;
        return nullptr;
    }
};

Frame solicitation(const IpAddress& target, std::optional<MacAddress> mac,
                   std::optional<wire::NdpNonce> nonce = {}) {
    Frame bytes(wire::kMaximumNdpMessage);
    bytes.resize(wire::NeighborSolicitation{target, mac, nonce}.emit(bytes));
    return bytes;
}

Frame advertisement(const IpAddress& target, MacAddress mac, bool solicited, bool overrides,
                    bool is_router = false) {
    Frame bytes(wire::kMaximumNdpMessage);
    bytes.resize(wire::NeighborAdvertisement{is_router, solicited, overrides, target, mac}.emit(bytes));
    return bytes;
}

// The neighbour solicitations among what has been sent.
std::vector<wire::NeighborSolicitation> solicitations(HostV6& host) {
    std::vector<wire::NeighborSolicitation> found;
    while (!host.device.frames.empty()) {
        const auto sent = host.take();
        if (type_of(sent) == Icmpv6Type::kNeighborSolicitation)
            found.push_back(*wire::NeighborSolicitation::parse(sent->payload));
    }
    return found;
}

}  // namespace

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

TEST_CASE("a solicitation for our address is answered and remembered") {
    HostV6 host({}, HostV6::fixed());
    host.receive_icmp(host.peer, ndp::solicited_node(host.address, 0),
                      solicitation(host.address, host.peer.mac));
    const auto reply = host.take();
    REQUIRE(type_of(reply) == Icmpv6Type::kNeighborAdvertisement);
    CHECK(reply->ethernet.destination == host.peer.mac);
    CHECK(reply->ip.destination == host.peer.address);
    CHECK(reply->ip.hop_limit == 255);
    const auto message = wire::NeighborAdvertisement::parse(reply->payload);
    CHECK(message->solicited);
    CHECK(message->overrides);
    CHECK_FALSE(message->router);
    CHECK(message->target_mac == HostV6::kMac);
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, {}));
    host.stack.transmit(host.now);
    CHECK(type_of(host.take()) == Icmpv6Type::kEchoRequest);  // no need to ask
}

TEST_CASE("neighbour messages from beyond the link are ignored") {
    HostV6 host({}, HostV6::fixed());
    host.receive_icmp(host.peer, host.address, solicitation(host.address, host.peer.mac), 254);
    CHECK(host.device.frames.empty());
    host.receive_icmp(host.peer, host.address, solicitation(parsed("fd00::3"), host.peer.mac));
    CHECK(host.device.frames.empty());  // and those about others
    host.receive_icmp({host.peer.mac, IpAddress()}, ndp::solicited_node(host.address, 0),
                      solicitation(host.address, host.peer.mac));
    CHECK(host.device.frames.empty());  // and from nobody with a MAC
}

TEST_CASE("neighbour messages of another code, cut off, or with an option of no length are dropped") {
    HostV6 host({}, HostV6::fixed());
    const Frame good = solicitation(host.address, host.peer.mac);
    Frame other_code = good, cut = good, no_length = good;
    other_code[1] = std::byte{1};
    cut.resize(20);
    no_length[25] = std::byte{0};
    for (const Frame& bad : {other_code, cut, no_length}) {
        host.receive_icmp(host.peer, ndp::solicited_node(host.address, 0), bad);
        CHECK(host.device.frames.empty());
    }
    CHECK(host.stack.counters()[Drop::kBadOption] == 2);
    CHECK(host.stack.counters()[Drop::kTruncated] == 1);
    host.receive_icmp(host.peer, ndp::solicited_node(host.address, 0), good);
    CHECK_FALSE(host.device.frames.empty());
}

// RFC 6980.
TEST_CASE("neighbour messages in fragments are ignored") {
    HostV6 host({}, HostV6::fixed());
    const Frame whole =
        icmpv6_message(host.peer.address, host.address, solicitation(host.address, host.peer.mac));
    wire::Ipv6Header header;
    header.source = host.peer.address;
    header.destination = host.address;
    header.hop_limit = 255;
    header.next_header = wire::kFragment;
    for (const auto& [begin, end] : {std::pair{0, 24}, std::pair{24, 32}}) {
        Frame piece(wire::Ipv6Fragment::kSize);
        wire::Ipv6Fragment{58, end < 32, std::uint16_t(begin), 7}.emit(piece);
        piece.insert(piece.end(), whole.begin() + begin, whole.begin() + end);
        host.receive_ip(header, piece, host.peer.mac);
    }
    CHECK(host.stack.counters()[Drop::kBadSource] == 1);
    CHECK(host.device.frames.empty());
}

TEST_CASE("a host answers no solicitation of routers and redirects nobody") {
    HostV6 host({}, HostV6::fixed());
    host.know(host.peer);
    Frame message(8);
    message[0] = std::byte{133};
    host.receive_icmp(host.peer, parsed("ff02::2"), message);
    host.receive_icmp(host.peer, host.address, message);
    host.receive_udp({host.peer.address, 1000}, {parsed("fd00::77"), 2000}, "for somebody else on the link");
    host.wait(Duration::seconds(5));
    CHECK(host.device.frames.empty());
}

TEST_CASE("who looks for duplicates of our address hears of us, as all nodes do") {
    HostV6 host({}, HostV6::fixed());
    host.receive_icmp({host.peer.mac, IpAddress()}, ndp::solicited_node(host.address, 0),
                      solicitation(host.address, {}, wire::NdpNonce{1, 2, 3, 4, 5, 6}));
    const auto reply = host.take();
    REQUIRE(type_of(reply) == Icmpv6Type::kNeighborAdvertisement);
    CHECK(reply->ip.destination == kAllNodes);
    const auto message = wire::NeighborAdvertisement::parse(reply->payload);
    CHECK_FALSE(message->solicited);
    CHECK(message->overrides);
    CHECK(message->target_mac == HostV6::kMac);
    CHECK(host.interface->is_own(host.address));
}

TEST_CASE("packets wait while their neighbour is asked for, three times") {
    HostV6 host({}, HostV6::fixed());
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, as_bytes("one")));
    host.stack.transmit(host.now);
    auto asked = host.take();
    REQUIRE(type_of(asked) == Icmpv6Type::kNeighborSolicitation);
    CHECK(asked->ip.destination == ndp::solicited_node(host.peer.address, 0));
    CHECK(asked->ip.source == host.address);
    CHECK(wire::NeighborSolicitation::parse(asked->payload)->source_mac == HostV6::kMac);
    SUBCASE("an answer lets them go") {
        host.resolve(host.peer);
        const auto sent = host.take();
        CHECK(type_of(sent) == Icmpv6Type::kEchoRequest);
        CHECK(sent->ethernet.destination == host.peer.mac);
    }
    SUBCASE("one to all nodes that says it was asked for is none") {
        host.receive_icmp(host.peer, kAllNodes, advertisement(host.peer.address, host.peer.mac, true, true));
        CHECK(host.device.frames.empty());
        CHECK(host.stack.counters()[Drop::kBadSource] == 1);
    }
    SUBCASE("without one they are given up") {
        for (int i = 0; i < 2; ++i) {
            host.wait(Duration::seconds(1));
            CHECK(type_of(host.take()) == Icmpv6Type::kNeighborSolicitation);
        }
        host.wait(Duration::seconds(1));
        CHECK(host.device.frames.empty());
        CHECK(host.stack.counters()[Drop::kUnresolved] == 1);
    }
    SUBCASE("an advertisement that nobody asked for makes no entry") {
        const Peer stranger{{{2, 0, 0, 0, 0, 7}}, parsed("fd00::7")};
        host.receive_icmp(stranger, kAllNodes, advertisement(stranger.address, stranger.mac, false, true));
        REQUIRE(host.stack.icmp_v6().ping(host.now, stranger.address, 1, {}));
        host.stack.transmit(host.now);
        CHECK(type_of(host.take()) == Icmpv6Type::kNeighborSolicitation);
    }
}

TEST_CASE("a neighbour in use that has not been heard of is probed by unicast, and forgotten if silent") {
    HostV6 host({}, HostV6::fixed());
    host.know(host.peer);  // known, but stale: it has only asked
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, {}));
    host.stack.transmit(host.now);
    host.clear();
    host.wait(Duration::seconds(5));
    auto probe = host.take();
    REQUIRE(type_of(probe) == Icmpv6Type::kNeighborSolicitation);
    CHECK(probe->ethernet.destination == host.peer.mac);
    CHECK(probe->ip.destination == host.peer.address);
    SUBCASE("an answer makes it reachable") {
        host.resolve(host.peer);
        host.wait(Duration::seconds(3));
        CHECK(host.device.frames.empty());
    }
    SUBCASE("silence") {
        for (int i = 0; i < 3; ++i) host.wait(Duration::seconds(1));
        host.clear();
        REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 2, {}));
        host.stack.transmit(host.now);
        probe = host.take();
        REQUIRE(type_of(probe) == Icmpv6Type::kNeighborSolicitation);
        CHECK(probe->ip.destination.is_multicast());
    }
    SUBCASE("another MAC without the override flag changes nothing but the trust") {
        host.resolve(host.peer);
        host.receive_icmp(host.peer, kAllNodes,
                          advertisement(host.peer.address, {{2, 9, 9, 9, 9, 9}}, false, false));
        REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 2, {}));
        host.stack.transmit(host.now);
        CHECK(host.take()->ethernet.destination == host.peer.mac);
        host.wait(Duration::seconds(5));
        CHECK(type_of(host.take()) == Icmpv6Type::kNeighborSolicitation);
    }
}

TEST_CASE("an address that another MAC claims stays where it answers") {
    HostV6 host({}, HostV6::fixed());
    host.know(host.peer);
    host.resolve(host.peer);
    const MacAddress thief{{2, 9, 9, 9, 9, 9}};
    const auto goes_to = [&] {
        CHECK(host.stack.icmp_v6().ping(host.now, host.peer.address, 2, {}));
        const auto sent = host.take();
        return type_of(sent) == Icmpv6Type::kEchoRequest ? sent->ethernet.destination : MacAddress();
    };
    host.clear();
    for (int i = 0; i < 5; ++i)
        host.receive_icmp(host.peer, kAllNodes, advertisement(host.peer.address, thief, false, true));
    host.stack.transmit(host.now);
    const auto probe = host.take();
    REQUIRE(type_of(probe) == Icmpv6Type::kNeighborSolicitation);
    CHECK(probe->ethernet.destination == host.peer.mac);
    CHECK(host.device.frames.empty());
    CHECK(host.stack.counters()[Drop::kContested] == 5);
    CHECK(goes_to() == host.peer.mac);
    SUBCASE("an answer settles it") {
        host.resolve(host.peer);
        host.wait(Duration::seconds(2));
        CHECK(host.device.frames.empty());
        CHECK(goes_to() == host.peer.mac);
    }
    SUBCASE("without one the address is asked for again") {
        host.wait(Duration::seconds(1));
        host.clear();
        REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 3, {}));
        host.stack.transmit(host.now);
        const auto again = host.take();
        REQUIRE(type_of(again) == Icmpv6Type::kNeighborSolicitation);
        CHECK(again->ip.destination.is_multicast());
    }
}

TEST_CASE("who scans a network through us fills no more than a part of the cache") {
    HostV6 host({}, HostV6::fixed());
    for (int i = 0; i < 1000; ++i) {
        auto bytes = parsed("fd00::1:0").bytes();
        bytes[14] = std::uint8_t(i >> 8);
        bytes[15] = std::uint8_t(i);
        (void)host.stack.icmp_v6().ping(host.now, IpAddress::v6(bytes), 1, {});
        host.stack.transmit(host.now);
    }
    CHECK(solicitations(host).size() == ndp::NeighborCache::kIncomplete);
    host.know(host.peer);
    REQUIRE(host.stack.icmp_v6().ping(host.now, host.peer.address, 1, {}));
    host.stack.transmit(host.now);
    CHECK(type_of(host.take()) == Icmpv6Type::kEchoRequest);
}

TEST_CASE("a router's advertisement brings an address, a route, DNS servers and the MTU") {
    Automatic host;
    host.advertise(Advertisement(1800)
                       .mac(host.router.mac)
                       .mtu(1400)
                       .prefix("2001:db8:1::", 7200, 3600)
                       .dns("2001:db8::53", 600));
    const Address* own = host.address_in("2001:db8:1::");
    REQUIRE(own);
    CHECK(own->prefix_length == 64);
    CHECK(own->usable());
    CHECK(host.interface->mtu_v6() == 1400);
    REQUIRE(host.interface->ipv6().routers().dns().size() == 1);
    CHECK(host.interface->ipv6().routers().dns()[0].address == parsed("2001:db8::53"));
    host.clear();
    const auto far = host.stack.ip().route(parsed("2600::1"), {});
    REQUIRE(far);
    CHECK(far->source == own->address);
    CHECK(far->mtu == 1400);
    REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 1, {}));
    host.stack.transmit(host.now);
    const auto sent = host.take();
    REQUIRE(type_of(sent) == Icmpv6Type::kEchoRequest);
    CHECK(sent->ethernet.destination == host.router.mac);

    SUBCASE("the router goes away: no way out") {
        host.advertise(Advertisement(0));
        CHECK_FALSE(host.stack.ip().route(parsed("2600::1"), {}));
        CHECK(host.stack.ip().route(parsed("2001:db8:1::77"), {}));  // on the link
    }
    SUBCASE("the router's time is over") {
        host.wait(Duration::seconds(1801));
        CHECK_FALSE(host.stack.ip().route(parsed("2600::1"), {}));
        CHECK(host.interface->ipv6().routers().dns().empty());
    }
    SUBCASE("the address is deprecated, then invalid") {
        host.wait(Duration::seconds(3601));
        CHECK_FALSE(host.address_in("2001:db8:1::")->preferred(host.now));
        host.wait(Duration::seconds(3600));
        CHECK_FALSE(host.address_in("2001:db8:1::"));
    }
    SUBCASE("no message shortens the lifetime of an address below two hours") {
        host.advertise(Advertisement(1800).prefix("2001:db8:1::", 1, 1));
        host.wait(Duration::seconds(60));
        CHECK(host.address_in("2001:db8:1::"));
    }
    SUBCASE("it comes again and nothing is doubled") {
        host.advertise(Advertisement(1800).prefix("2001:db8:1::", 7200, 3600));
        CHECK(host.interface->ipv6().addresses().size() == 2);
    }
}

TEST_CASE("neighbours are asked as often as a router says, between 0.1 and 10 seconds") {
    for (const auto& [said, used] : {std::pair{2'000, 2'000}, std::pair{1, 100}, std::pair{60'000, 10'000}}) {
        CAPTURE(said);
        Automatic host;
        host.advertise(Advertisement(1800).timing(0, std::uint32_t(said)).prefix("2001:db8:1::", 7200, 3600));
        host.settle();
        REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2001:db8:1::77"), 1, {}));
        host.stack.transmit(host.now);
        CHECK(solicitations(host).size() == 1);
        host.wait(Duration::milliseconds(used - 1));
        CHECK(solicitations(host).empty());
        host.wait(Duration::milliseconds(1));
        CHECK(solicitations(host).size() == 1);
    }
}

// RFC 4861, section 6.3.2: chosen by chance around what the router says.
TEST_CASE("a neighbour is taken for reachable between half and one and a half of what a router says") {
    for (const auto& [seconds, is_asked] : {std::pair{49, false}, std::pair{151, true}}) {
        CAPTURE(seconds);
        Automatic host;
        host.advertise(Advertisement(1800).timing(100'000, 0).prefix("2001:db8:1::", 7200, 3600));
        host.settle();
        const Peer neighbor{{{2, 0, 0, 0, 0, 0x77}}, parsed("2001:db8:1::77")};
        const auto ping = [&](std::uint16_t sequence) {
            REQUIRE(host.stack.icmp_v6().ping(host.now, neighbor.address, sequence, {}));
            host.stack.transmit(host.now);
        };
        ping(1);
        host.receive_icmp(neighbor, host.address_in("2001:db8:1::")->address,
                          advertisement(neighbor.address, neighbor.mac, true, true));
        host.wait(Duration::seconds(seconds));
        host.clear();
        ping(2);
        const auto sent = host.take();
        REQUIRE(type_of(sent) == Icmpv6Type::kEchoRequest);
        CHECK(sent->ethernet.destination == neighbor.mac);
        host.wait(Duration::seconds(5));  // the delay before the first probe
        CHECK(solicitations(host).size() == (is_asked ? 1 : 0));
    }
}

// RFC 4191, section 2.2: the flags of an advertisement.
TEST_CASE("of two routers the one of higher preference is used") {
    constexpr std::uint8_t kHigh = 0x08, kLow = 0x18;
    const Peer second{{{2, 0, 0, 0, 0, 0x11}}, parsed("fe80::11")};
    for (const auto& [first, other, wanted] :
         {std::tuple{std::uint8_t{0}, kHigh, 2}, std::tuple{std::uint8_t{0}, kLow, 1},
          std::tuple{kLow, std::uint8_t{0}, 2}, std::tuple{kHigh, std::uint8_t{0}, 1}}) {
        Automatic host;
        host.advertise(Advertisement(1800, first).mac(host.router.mac).prefix("2001:db8:1::", 7200, 3600));
        host.receive_icmp(second, kAllNodes, Advertisement(1800, other).mac(second.mac).bytes);
        host.settle();
        REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 1, {}));
        host.stack.transmit(host.now);
        const auto sent = host.take();
        REQUIRE(type_of(sent) == Icmpv6Type::kEchoRequest);
        CHECK(sent->ethernet.destination == (wanted == 1 ? host.router.mac : second.mac));
    }
}

TEST_CASE("a router's search list lasts as long as it says (RFC 8106)") {
    Automatic host;
    host.advertise(Advertisement(1800).search(600));
    const auto count = [&] { return host.stack.search_list(*host.interface).count; };
    REQUIRE(count() == 1);
    CHECK(host.stack.search_list(*host.interface).domains[0] == *resolve::DomainName::parse("lan"));
    SUBCASE("until its time is over") {
        host.wait(Duration::seconds(599));
        CHECK(count() == 1);
        host.wait(Duration::seconds(1));
        CHECK(count() == 0);
    }
    SUBCASE("until it is taken back") {
        host.advertise(Advertisement(1800).search(0));
        CHECK(count() == 0);
    }
}

TEST_CASE("advertisements that no router on the link can have sent are ignored") {
    Automatic host;
    const auto good = Advertisement(1800).prefix("2001:db8:1::", 7200, 3600);
    host.advertise(good, 64);
    CHECK_FALSE(host.address_in("2001:db8:1::"));
    host.receive_icmp(host.peer, kAllNodes, good.bytes);  // not from a link-local address
    CHECK_FALSE(host.address_in("2001:db8:1::"));
    auto cut = good;
    cut.bytes.resize(20);
    host.advertise(cut);
    CHECK_FALSE(host.address_in("2001:db8:1::"));
    host.advertise(Advertisement(1800)
                       .prefix("fe80::", 7200, 3600)
                       .prefix("2001:db8:2::", 10, 20)
                       .prefix("2001:db8:3::", 7200, 3600, 0xc0, 63));
    CHECK(host.interface->ipv6().addresses().size() == 1);
    CHECK(host.stack.ip().route(parsed("2001:db8:3::5"), {}));  // on the link all the same
    host.advertise(good);
    CHECK(host.address_in("2001:db8:1::"));
}

TEST_CASE("a flood of advertisements is bounded in addresses, routers and work") {
    Automatic host;
    for (int i = 0; i < 500; ++i) {
        const Peer attacker{
            {{2, 1, 0, 0, std::uint8_t(i >> 8), std::uint8_t(i)}},
            ndp::stable_address(parsed("fe80::"), std::uint8_t(i), std::uint8_t(i >> 8), {7, 7})};
        Advertisement message(1800);
        for (int j = 0; j < 8; ++j) {
            auto prefix = parsed("2001:db8::").bytes();
            prefix[4] = std::uint8_t(i);
            prefix[5] = std::uint8_t(i >> 8);
            prefix[6] = std::uint8_t(j);
            message.prefix(to_text(IpAddress::v6(prefix)), 7200, 3600);
        }
        host.receive_icmp(attacker, kAllNodes, message.bytes);
        host.wait(Duration::milliseconds(200));
        host.clear();
    }
    CHECK(host.interface->ipv6().addresses().size() <= ndp::AddressSet::kCapacity);
    CHECK(host.interface->ipv6().routers().routers().size() == ndp::RouterLists::kRouters);
    CHECK(host.stack.ip().routes().entries().size() <= ip::RouteTable::kCapacity);
}

TEST_CASE("who says that it is no router any more is no way out any more") {
    Automatic host;
    host.advertise(Advertisement(1800).mac(host.router.mac).prefix("2001:db8:1::", 7200, 3600));
    CHECK(host.stack.ip().route(parsed("2600::1"), {}));
    host.receive_icmp(host.router, kAllNodes,
                      advertisement(host.router.address, host.router.mac, false, true, true));
    CHECK(host.stack.ip().route(parsed("2600::1"), {}));
    host.receive_icmp(host.router, kAllNodes,
                      advertisement(host.router.address, host.router.mac, false, true, false));
    host.wait(Duration());
    CHECK_FALSE(host.stack.ip().route(parsed("2600::1"), {}));
}

TEST_CASE("when a router falls silent another one takes over") {
    Automatic host;
    const Peer second{{{2, 0, 0, 0, 0, 0x11}}, parsed("fe80::11")};
    host.advertise(Advertisement(1800).mac(host.router.mac).prefix("2001:db8:1::", 7200, 3600));
    host.receive_icmp(second, kAllNodes, Advertisement(1800).mac(second.mac).bytes);
    host.settle();
    REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 1, {}));
    host.stack.transmit(host.now);
    CHECK(host.take()->ethernet.destination == host.router.mac);
    for (int i = 0; i < 10; ++i) host.wait(Duration::seconds(1));
    host.clear();
    REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 2, {}));
    host.stack.transmit(host.now);
    CHECK(host.take()->ethernet.destination == second.mac);
}

TEST_CASE("redirects are followed only if that is wanted, and only from our router") {
    Ipv6Configuration configuration = HostV6::automatic();
    SUBCASE("not wanted") {
        configuration.accept_redirects = false;
    }
    SUBCASE("wanted") {
        configuration.accept_redirects = true;
    }
    HostV6 host({}, configuration);
    host.receive_icmp(host.router, kAllNodes,
                      Advertisement(1800).mac(host.router.mac).prefix("2001:db8:1::", 7200, 3600).bytes);
    host.settle();
    const IpAddress own = host.stack.ip().route(parsed("2600::1"), {})->source;
    const Peer better{{{2, 0, 0, 0, 0, 0x22}}, parsed("fe80::22")};
    Frame message{std::byte{137}, {}, {}, {}, {}, {}, {}, {}};
    for (const IpAddress& address : {better.address, parsed("2600::1")})
        for (const std::uint8_t byte : address.bytes()) message.push_back(std::byte(byte));
    message.insert(message.end(), {std::byte{2}, std::byte{1}});
    for (const std::uint8_t byte : better.mac.bytes) message.push_back(std::byte(byte));
    host.receive_icmp(better, own, message);  // says so itself
    const auto next = [&] {
        host.clear();
        REQUIRE(host.stack.icmp_v6().ping(host.now, parsed("2600::1"), 1, {}));
        host.stack.transmit(host.now);
        return host.take()->ethernet.destination;
    };
    CHECK(next() == host.router.mac);
    host.receive_icmp(host.router, own, message);
    CHECK(next() == (configuration.accept_redirects ? better.mac : host.router.mac));
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
