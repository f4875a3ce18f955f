// What "Bad input" of the network means (docs/hostile-network.md), each by itself and all at once, while two
// stacks talk to each other: every byte of theirs arrives, once and in order; what the attacker sends is
// counted under its name; and what it can make anybody keep or send is bounded.

#include <doctest/doctest.h>

#include "net/wire/tcp.h"
#include "tests/simulation/hostile/battle.h"
#include "tests/support/seeds.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using wire::kTcpAck;
using wire::kTcpPsh;
using wire::kTcpRst;
using wire::kTcpSyn;

namespace {

constexpr int kRounds = 200;  // two seconds
constexpr int kSides[] = {Battle::kServer, Battle::kClient};

// --- TCP, by who is none of the two.

void spoofed_resets(Battle& battle, Random& random) {
    for (const int to : kSides) {
        const std::uint32_t expected = battle.overheard(to).expected;
        battle.forge(to, {.flags = kTcpRst, .sequence = expected + 1 + random() % 50'000});
        battle.forge(to, {.flags = kTcpRst, .sequence = expected - 1 - random() % 1'000'000'000});
    }
}

void spoofed_syns(Battle& battle, Random& random) {
    for (const int to : kSides)
        battle.forge(to, {.flags = kTcpSyn, .sequence = battle.overheard(to).expected + random() % 100'000});
}

// Acknowledges what was never sent, or was long ago; with bytes that nobody has written.
void spoofed_acknowledgments(Battle& battle, Random& random) {
    for (const int to : kSides) {
        const Overheard& victim = battle.overheard(to);
        const std::uint32_t sequence = victim.expected + random() % 1'000;
        battle.forge(to, {.flags = kTcpAck | kTcpPsh,
                          .sequence = sequence,
                          .acknowledgment = victim.next + 100'000 + random() % 1'000'000'000,
                          .payload = 100});
        battle.forge(to, {.flags = kTcpAck | kTcpPsh,
                          .sequence = sequence,
                          .acknowledgment = victim.next - 10'000'000 - random() % 1'000'000'000,
                          .payload = 100});
    }
}

// Each makes the other doubt: without a limit every one of them is answered, here twenty thousand times a
// second.
void acknowledgment_storm(Battle& battle, Random& random) {
    for (int i = 0; i < 100; ++i)
        for (const int to : kSides)
            battle.forge(to, {.flags = kTcpAck,
                              .sequence = battle.overheard(to).expected - 1 - random() % 1'000,
                              .acknowledgment = battle.overheard(to).next});
}

void syn_flood(Battle& battle, Random& random) {
    for (int i = 0; i < 50; ++i)
        battle.packet(Battle::kServer, battle.nobody(random), packet::kTcp,
                      test::tcp({.source_port = std::uint16_t(1'024 + random() % 60'000),
                                 .destination_port = Battle::kPort,
                                 .flags = kTcpSyn,
                                 .sequence = std::uint32_t(random())}));
}

// Last steps of handshakes that never began.
void guessed_cookies(Battle& battle, Random& random) {
    for (int i = 0; i < 50; ++i)
        battle.packet(Battle::kServer, battle.nobody(random), packet::kTcp,
                      test::tcp({.source_port = std::uint16_t(1'024 + random() % 60'000),
                                 .destination_port = Battle::kPort,
                                 .flags = kTcpAck,
                                 .sequence = std::uint32_t(random()),
                                 .acknowledgment = std::uint32_t(random())}));
}

// --- Fragments.

Frame ipv4_fragment(const IpAddress& source, const IpAddress& destination, std::uint16_t identification,
                    std::uint16_t offset, bool more, std::size_t size) {
    wire::Ipv4Header header;
    header.source = source;
    header.destination = destination;
    header.identification = identification;
    header.fragment_offset = offset;
    header.more_fragments = more;
    header.protocol = packet::kUdp;
    return ethernet_frame({}, {}, wire::kEtherTypeIpv4, ipv4_packet(header, Frame(size)));
}

Frame ipv6_fragment(const IpAddress& source, const IpAddress& destination, std::uint32_t identification,
                    std::uint16_t offset, bool more, std::size_t size, std::uint8_t protocol = packet::kUdp) {
    wire::Ipv6Header header;
    header.source = source;
    header.destination = destination;
    header.next_header = 44;
    Frame fragment(8 + size);
    fragment[0] = std::byte(protocol);
    test::put16(fragment, 2, std::uint16_t(offset | more));
    test::put32(fragment, 4, identification);
    return ethernet_frame({}, {}, wire::kEtherTypeIpv6, ipv6_packet(header, fragment));
}

Frame fragment(const Battle& battle, const IpAddress& source, std::uint32_t identification,
               std::uint16_t offset, bool more, std::size_t size) {
    const IpAddress to = battle.address(Battle::kServer);
    return battle.v6() ? ipv6_fragment(source, to, identification, offset, more, size)
                       : ipv4_fragment(source, to, std::uint16_t(identification), offset, more, size);
}

void overlapping_fragments(Battle& battle, Random& random) {
    const IpAddress source = battle.nobody(random);
    const auto identification = std::uint32_t(random());
    battle.inject(Battle::kServer, fragment(battle, source, identification, 0, true, 64));
    battle.inject(Battle::kServer, fragment(battle, source, identification, 32, false, 64));
}

// Beginnings without a transport's header, pieces of nine bytes.
void tiny_fragments(Battle& battle, Random& random) {
    const IpAddress source = battle.nobody(random);
    const auto identification = std::uint32_t(random());
    battle.inject(Battle::kServer, fragment(battle, source, identification, 0, true, 9));
    battle.inject(Battle::kServer, fragment(battle, source, identification, 65'528, false, 100));
    if (battle.v6())
        battle.inject(Battle::kServer, ipv6_fragment(source, battle.address(Battle::kServer), identification,
                                                     0, true, 8, packet::kTcp));
}

void fragments_without_end(Battle& battle, Random& random) {
    for (int i = 0; i < 20; ++i)
        battle.inject(Battle::kServer,
                      fragment(battle, battle.nobody(random), std::uint32_t(random()), 800, true, 800));
}

// --- ICMP that lies: about segments of the conversation, some of them even on their way.

void icmp_lies(Battle& battle, Random& random) {
    for (const int to : kSides) {
        const Overheard& victim = battle.overheard(to);
        const std::uint32_t sequence = random() % 2 ? victim.next - 1 : std::uint32_t(random());
        Frame quoted = test::frame(battle.address(to), battle.address(1 - to), packet::kTcp,
                                   test::tcp({.source_port = victim.source_port,
                                              .destination_port = victim.destination_port,
                                              .flags = kTcpAck,
                                              .sequence = sequence,
                                              .payload = 1'400}));
        quoted.erase(quoted.begin(), quoted.begin() + 14);
        const auto about = Bytes(quoted).first(std::min<std::size_t>(quoted.size(), 600));
        const std::uint16_t mtu = std::uint16_t(random() % 1'500);
        const IpAddress router = battle.nobody(random);
        if (battle.v6()) {
            battle.packet(to, router, packet::kIcmpv6,
                          test::icmp(1, std::uint8_t(random() % 7), 0, 0, about));
            battle.packet(to, router, packet::kIcmpv6, test::icmp(2, 0, 0, mtu, about));
            battle.packet(to, router, packet::kIcmpv6,
                          test::icmp(4, std::uint8_t(random() % 4), 0, 6, about));
        } else {
            battle.packet(to, router, packet::kIcmp,
                          test::icmp(3, std::uint8_t(random() % 16), 0, mtu, about));
            battle.packet(to, router, packet::kIcmp, test::icmp(3, 4, 0, mtu, about));
            battle.packet(to, router, packet::kIcmp, test::icmp(4, 0, 0, 0, about));        // source quench
            battle.packet(to, router, packet::kIcmp, test::icmp(5, 1, 0x0a00, 66, about));  // redirect
        }
    }
}

// --- Neighbours. The attacker claims the address of either for its own card.

void poisoned_neighbors(Battle& battle, Random& random) {
    for (const int to : kSides) {
        if (!battle.v6()) {
            const auto operation =
                random() % 2 ? wire::ArpMessage::Operation::kReply : wire::ArpMessage::Operation::kRequest;
            const wire::ArpMessage claim{operation, Battle::kAttacker, battle.address(1 - to), battle.mac(to),
                                         battle.address(to)};
            battle.inject(to, ethernet_frame({}, {}, wire::kEtherTypeArp, arp_message(claim)));
            const wire::ArpMessage stranger{wire::ArpMessage::Operation::kReply, Battle::kAttacker,
                                            battle.nobody(random), battle.mac(to), battle.address(to)};
            battle.inject(to, ethernet_frame({}, {}, wire::kEtherTypeArp, arp_message(stranger)));
            continue;
        }
        Frame claim(wire::kMaximumNdpMessage);
        if (random() % 2)
            claim.resize(wire::NeighborAdvertisement{.solicited = random() % 2 != 0,
                                                     .overrides = true,
                                                     .target = battle.address(1 - to),
                                                     .target_mac = Battle::kAttacker}
                             .emit(claim));
        else
            claim.resize(wire::NeighborSolicitation{
                .target = battle.address(to),
                .source_mac = Battle::kAttacker,
                .nonce = {}}.emit(claim));
        battle.packet(to, battle.address(1 - to), packet::kIcmpv6, claim, 255);
        Frame stranger(wire::kMaximumNdpMessage);
        const IpAddress source = battle.nobody(random);
        stranger.resize(
            wire::NeighborAdvertisement{.overrides = true, .target = source, .target_mac = Battle::kAttacker}
                .emit(stranger));
        battle.packet(to, source, packet::kIcmpv6, stranger, 255);
    }
}

// Neighbours by the hundred that ask for the server: each would be an entry, each is to be answered.
void crowd_of_neighbors(Battle& battle, Random& random) {
    for (int i = 0; i < 50; ++i) {
        const IpAddress source = battle.nobody(random);
        if (!battle.v6()) {
            const wire::ArpMessage question{wire::ArpMessage::Operation::kRequest,
                                            Battle::kAttacker,
                                            source,
                                            {},
                                            battle.address(Battle::kServer)};
            battle.inject(Battle::kServer,
                          ethernet_frame({}, {}, wire::kEtherTypeArp, arp_message(question)));
            continue;
        }
        Frame question(wire::kMaximumNdpMessage);
        question.resize(wire::NeighborSolicitation{
            .target = battle.address(Battle::kServer),
            .source_mac = Battle::kAttacker,
            .nonce = {}}.emit(question));
        battle.packet(Battle::kServer, source, packet::kIcmpv6, question, 255);
    }
}

// Routers that do not exist, with prefixes that nobody has.
void flood_of_routers(Battle& battle, Random& random) {
    for (int i = 0; i < 20; ++i) {
        wire::RouterAdvertisement message;
        message.hop_limit = 1;
        message.lifetime_seconds = 9'000;
        message.preference = 1;
        message.source_mac = Battle::kAttacker;
        message.mtu = std::uint32_t(random() % 1'500);
        message.reachable_milliseconds = 1;
        message.retransmit_milliseconds = 1;
        for (std::size_t j = 0; j < message.prefixes.size(); ++j) {
            auto prefix = parsed("2001:db8::").bytes();
            for (std::size_t at = 4; at < 8; ++at) prefix[at] = std::uint8_t(random());
            message.prefixes[message.prefix_count++] = {.prefix = IpAddress::v6(prefix),
                                                        .length = 64,
                                                        .on_link = true,
                                                        .autonomous = true,
                                                        .valid_seconds = 9'000,
                                                        .preferred_seconds = 9'000};
        }
        Frame bytes(wire::RouterAdvertisement::kMaximumSize);
        bytes.resize(message.emit(bytes));
        auto router = parsed("fe80::").bytes();
        for (std::size_t at = 8; at < 16; ++at) router[at] = std::uint8_t(random());
        const IpAddress group = parsed("ff02::1");
        for (const int to : kSides)
            battle.inject(to, test::frame(IpAddress::v6(router), group, packet::kIcmpv6, bytes, 255),
                          wire::group_mac(group));
    }
}

using Strike = void (*)(Battle&, Random&);

// What must be true of the two while anything at all goes on.
void check_unharmed(Battle& battle) {
    CHECK_FALSE(battle.spoilt);
    CHECK_FALSE(battle.broken);
    CHECK(battle.stolen == 0);
    CHECK(battle.counted(&tcp::Statistics::resets_in) == 0);
    for (const int side : kSides) {
        const tcp::Layer& layer = battle.pair[side].tcp();
        CHECK(layer.connections() <= layer.configuration().max_half_open + 4);
        CHECK(layer.buffer_bytes() <= 2U << 20U);
        const ndp::Host& host = battle.pair.sides[side].interface->ipv6();
        CHECK(host.addresses().size() <= ndp::AddressSet::kCapacity);
        CHECK(host.routers().routers().size() <= ndp::RouterLists::kRouters);
        CHECK(battle.pair.sides[side].interface->ipv6().routers().prefixes().size() <=
              ndp::RouterLists::kPrefixes);
        // What can be learned, and the interface's own.
        constexpr std::size_t kOwn = 8;
        CHECK(battle.pair[side].ip().routes().entries().size() <=
              ndp::RouterLists::kRouters + ndp::RouterLists::kPrefixes + kOwn);
    }
}

// The stream has gone on as if nothing had happened.
void check_pace(const Battle& battle) {
    CHECK(battle.echoed >= std::size_t{900} * kRounds);
    CHECK(battle.datagrams_lost == 0);
}

void check_nothing_left(Battle& battle) {
    battle.end();
    for (const int side : kSides) {
        CHECK(battle.pair[side].tcp().connections() == 0);
        CHECK(battle.pair[side].tcp().buffer_bytes() == 0);
        CHECK(battle.pair[side].tcp().next_deadline().is_never());
    }
}

// One attack by itself, over both families; `judge` sees the battle after it.
template <typename Judge>
void fight(Strike strike, Judge judge, const tcp::Configuration& configuration = {},
           bool autoconfigure = false) {
    for (const bool v6 : {false, true}) {
        CAPTURE(v6);
        Random random(7);
        Battle battle(v6, configuration, autoconfigure);
        for (int i = 0; i < kRounds; ++i) battle.round([&](Battle& now) { strike(now, random); });
        check_unharmed(battle);
        check_pace(battle);
        judge(battle);
        check_nothing_left(battle);
    }
}

constexpr std::uint64_t kChallenges =
    2 * 10 * 3;  // of two connections, ten a second, in three seconds at most

}  // namespace

TEST_CASE("spoofed resets end nothing, and are answered ten times a second") {
    fight(spoofed_resets, [](Battle& battle) {
        CHECK(battle.counted(&tcp::Statistics::out_of_window) >= kRounds);
        CHECK(battle.counted(&tcp::Statistics::challenge_acks) >= 10);
        CHECK(battle.counted(&tcp::Statistics::challenge_acks) <= kChallenges);
    });
}

TEST_CASE("spoofed SYNs end nothing, and are answered ten times a second") {
    fight(spoofed_syns, [](Battle& battle) {
        CHECK(battle.counted(&tcp::Statistics::challenge_acks) >= 10);
        CHECK(battle.counted(&tcp::Statistics::challenge_acks) <= kChallenges);
    });
}

TEST_CASE("spoofed acknowledgments move nothing, and their bytes are not taken") {
    SUBCASE("a connection with timestamps takes nothing without them") {
        fight(spoofed_acknowledgments, [](Battle& battle) {
            CHECK(battle.counted(&tcp::Statistics::stale_timestamp) >= 2 * kRounds);
        });
    }
    SUBCASE("one without looks at what is acknowledged") {
        fight(spoofed_acknowledgments,
              [](Battle& battle) {
                  CHECK(battle.counted(&tcp::Statistics::bad_acknowledgment) >= 2 * kRounds);
                  CHECK(battle.counted(&tcp::Statistics::challenge_acks) <= kChallenges);
              },
              {.timestamps = false});
    }
}

TEST_CASE("a storm of acknowledgments makes nobody send more") {
    fight(acknowledgment_storm,
          [](Battle& battle) {
              CHECK(battle.counted(&tcp::Statistics::out_of_window) >= std::uint64_t{100} * kRounds);
              CHECK(battle.counted(&tcp::Statistics::challenge_acks) <= kChallenges);
              CHECK(battle.carried <= std::size_t{30} * kRounds);  // data, its acknowledgments, six fragments
          },
          {.timestamps = false});
}

TEST_CASE("a flood of SYNs takes a bounded part, and who comes meanwhile is served") {
    const tcp::Configuration configuration{.max_half_open = 32};
    fight(
        syn_flood,
        [](Battle& battle) {
            CHECK(battle.counted(&tcp::Statistics::cookies_sent) >= std::uint64_t{40} * kRounds);
            Random random(8);
            CHECK(battle.newcomer([&](Battle& now) { syn_flood(now, random); }) > 0);
            CHECK(battle.counted(&tcp::Statistics::cookies_accepted) == 1);
            check_unharmed(battle);
        },
        configuration);
}

TEST_CASE("cookies that were not given are not believed") {
    const tcp::Configuration configuration{.max_half_open = 0};
    fight(
        guessed_cookies,
        [](Battle& battle) {
            CHECK(battle.counted(&tcp::Statistics::cookies_accepted) == 1);  // the conversation's own
            CHECK(battle.counted(&tcp::Statistics::resets_out) >= kRounds);
        },
        configuration);
}

TEST_CASE("overlapping fragments condemn their datagram and no other") {
    fight(overlapping_fragments, [](Battle& battle) { CHECK(battle.drops(Drop::kOverlap) >= kRounds); });
}

TEST_CASE("tiny fragments, and those beyond the end, are refused") {
    fight(tiny_fragments, [](Battle& battle) {
        CHECK(battle.drops(Drop::kBadLength) >= 2 * kRounds);
        if (battle.v6()) CHECK(battle.drops(Drop::kTruncated) >= kRounds);
    });
}

TEST_CASE("fragments without end take a bounded part") {
    fight(fragments_without_end,
          [](Battle& battle) { CHECK(battle.drops(Drop::kReassemblyFull) >= std::uint64_t{10} * kRounds); });
}

TEST_CASE("ICMP that lies about a conversation does not end or starve it") {
    fight(icmp_lies, [](Battle& battle) {
        CHECK(battle.drops(Drop::kUnsolicited) >= kRounds);
        if (!battle.v6()) CHECK(battle.drops(Drop::kDisabled) >= 2 * kRounds);
        // RFC 1191, RFC 8201: what is believed has a floor.
        CHECK(battle.carried <= std::size_t{40} * kRounds);
    });
}

TEST_CASE("a neighbour's address stays where it answers, whoever claims it") {
    fight(poisoned_neighbors, [](Battle& battle) {
        CHECK(battle.drops(Drop::kContested) >= kRounds);
        CHECK(battle.drops(Drop::kUnsolicited) >= kRounds);
    });
}

TEST_CASE("a crowd of neighbours does not drive out those that are in use") {
    fight(crowd_of_neighbors, [](Battle&) {});
}

TEST_CASE("a flood of routers is bounded in addresses, routes and work") {
    fight(
        flood_of_routers,
        [](Battle& battle) { CHECK(battle.drops(Drop::kRateLimited) >= std::uint64_t{10} * kRounds); }, {},
        true);
}

TEST_CASE("all of it at once, in an order of chance") {
    constexpr int kMixed = 60;  // rounds: a tenth of a second for each seed
    test::for_each_seed(6, [](std::uint32_t seed) {
        CAPTURE(seed);
        constexpr Strike kAll[] = {spoofed_resets,
                                   spoofed_syns,
                                   spoofed_acknowledgments,
                                   acknowledgment_storm,
                                   syn_flood,
                                   guessed_cookies,
                                   overlapping_fragments,
                                   tiny_fragments,
                                   fragments_without_end,
                                   icmp_lies,
                                   poisoned_neighbors,
                                   crowd_of_neighbors,
                                   flood_of_routers};
        Random random(seed);
        Battle battle(seed % 2 == 0, {.max_half_open = 32, .timestamps = seed % 3 != 0}, true);
        for (int i = 0; i < kMixed; ++i)
            battle.round([&](Battle& now) {
                for (const Strike strike : kAll)
                    if (random() % 3 == 0) strike(now, random);
            });
        check_unharmed(battle);
        CHECK(battle.echoed >= std::size_t{800} * kMixed);
        check_nothing_left(battle);
    });
}
