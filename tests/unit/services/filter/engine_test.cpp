// Hooks, connection tracking and translation, packet by packet.

#include "tests/unit/services/filter/world.h"

using namespace holm;
using namespace holm::test;

TEST_CASE("a stateful firewall lets answers in and nothing else") {
    World world(kStateful);
    CHECK_FALSE(world.in(segment(false, kSyn, 1, 0)));
    CHECK(world.engine->tracker().flows().count() == 0);  // what was dropped left nothing behind
    CHECK(world.out(segment(true, kSyn, 100, 0)));
    CHECK(world.in(segment(false, kSyn | kAck, 500, 101)));
    CHECK(world.out(segment(true, kAck, 101, 501)));
    CHECK(world.in(segment(false, kAck, 501, 101, 1000)));
    // Outside of the window, with flags that nobody sends, acknowledging what was never sent.
    CHECK_FALSE(world.in(segment(false, kAck, 501 + 200'000, 101, 10)));
    CHECK_FALSE(world.in(segment(false, kSyn | kFin, 1501, 101)));
    CHECK_FALSE(world.in(segment(false, kAck, 1501, 70'000)));
    CHECK(world.engine->rule_counters()[0].packets == 3);
    // A guessed reset closes nothing; the right one does.
    CHECK_FALSE(world.in(segment(false, kRst, 400, 0)));
    CHECK(world.out(segment(true, kAck, 101, 1501)));
    CHECK(world.in(segment(false, kFin | kAck, 1501, 101)));
    CHECK(world.out(segment(true, kFin | kAck, 101, 1502)));
    CHECK(world.in(segment(false, kAck, 1502, 102)));
    CHECK(world.engine->tracker().flows().count() == 1);
}

TEST_CASE("a connection that the router has reset has ten seconds left") {
    for (const bool resets : {true, false}) {
        const std::string with = resets ? "tcp reset" : "icmpx admin-prohibited";
        World world(
            "table inet t { chain f { type filter hook forward priority 0; policy drop;\n"
            "meta length > 500 reject with " +
            with + "\n ct state established accept\n iifname \"inside\" accept\n} }");
        CHECK(world.out(segment(true, kSyn, 100, 0)));
        CHECK(world.in(segment(false, kSyn | kAck, 500, 101)));
        CHECK(world.out(segment(true, kAck, 101, 501)));
        CHECK_FALSE(world.in(segment(false, kAck, 501, 101, 1000)));
        CHECK(world.host.sent.size() == 1);
        world.now = world.now + Duration::seconds(11);
        CHECK(world.in(segment(false, kAck, 501, 101)).has_value() == !resets);
    }
    // What is rejected with its first packet leaves nothing behind.
    World world(
        "table inet t { chain f { type filter hook forward priority 0;\n ct state new reject with tcp "
        "reset\n} }");
    CHECK_FALSE(world.out(segment(true, kSyn, 100, 0)));
    CHECK(world.host.sent.size() == 1);
    CHECK(world.engine->tracker().flows().count() == 0);
}

TEST_CASE("UDP, echo and errors about them") {
    World world(kStateful);
    const Octets question = frame(kInside, kServer, packet::kUdp, udp(5000, 53));
    CHECK(world.out(question));
    CHECK(world.in(frame(kServer, kInside, packet::kUdp, udp(53, 5000))));
    CHECK_FALSE(world.in(frame(kServer, kInside, packet::kUdp, udp(53, 5001))));
    // An error from a router on the way, about the question; and one about something never asked.
    CHECK(world.in(frame(kOutside, kInside, packet::kIcmp, icmp(3, 1, 0, 0, Bytes(question).subspan(14)))));
    const Octets never = frame(kInside, kServer, packet::kUdp, udp(5000, 54));
    CHECK_FALSE(
        world.in(frame(kOutside, kInside, packet::kIcmp, icmp(3, 1, 0, 0, Bytes(never).subspan(14)))));
    CHECK(world.out(frame(kInside, kServer, packet::kIcmp, icmp(8, 0, 7))));
    CHECK(world.in(frame(kServer, kInside, packet::kIcmp, icmp(0, 0, 7))));
    CHECK_FALSE(world.in(frame(kServer, kInside, packet::kIcmp, icmp(0, 0, 8))));
    CHECK_FALSE(world.in(frame(kServer, kInside, packet::kIcmp, icmp(8, 0, 7))));
    // After its time a flow is forgotten.
    world.now = world.now + Duration::seconds(31);
    CHECK_FALSE(world.in(frame(kServer, kInside, packet::kUdp, udp(53, 5000))));
    // A wrong checksum belongs to nothing.
    Octets wrong = frame(kInside, kServer, packet::kUdp, udp(5000, 55));
    wrong.back() ^= std::byte{1};
    CHECK_FALSE(world.out(wrong));
}

TEST_CASE("masquerading, with answers, errors and ports that are kept") {
    World world(kMasquerade);
    auto sent = world.out(frame(kInside, kServer, packet::kUdp, udp(5000, 53)));
    REQUIRE(sent);
    const Packet first = parsed(*sent);
    CHECK(first.source() == kRouter);
    CHECK(first.source_port() == 5000);
    CHECK(first.transport_checksum_ok());
    // Another client with the same port gets another, of the same parity.
    auto second = world.out(frame(kOther, kServer, packet::kUdp, udp(5000, 53)));
    REQUIRE(second);
    const std::uint16_t port = parsed(*second).source_port();
    CHECK(port != 5000);
    CHECK(port % 2 == 0);
    CHECK(port >= 1024);
    // … and keeps it for another server (endpoint-independent mapping).
    auto third = world.out(frame(kOther, kOutside, packet::kUdp, udp(5000, 99)));
    REQUIRE(third);
    CHECK(parsed(*third).source_port() == port);
    auto answer = world.in(frame(kServer, kRouter, packet::kUdp, udp(53, port)));
    REQUIRE(answer);
    const Packet back = parsed(*answer);
    CHECK(back.destination() == kOther);
    CHECK(back.destination_port() == 5000);
    CHECK(back.transport_checksum_ok());
    // An error about it is translated with what it quotes.
    auto error =
        world.in(frame(kOutside, kRouter, packet::kIcmp, icmp(3, 3, 0, 0, Bytes(*second).subspan(14))));
    REQUIRE(error);
    Packet about = parsed(*error);
    CHECK(about.destination() == kOther);
    CHECK(about.transport_checksum_ok());
    const auto quoted = about.quoted();
    REQUIRE(quoted);
    CHECK(quoted->source() == kOther);
    CHECK(quoted->source_port() == 5000);
    // Echo identifiers are translated like ports.
    REQUIRE(world.out(frame(kInside, kServer, packet::kIcmp, icmp(8, 0, 7))));
    auto echo = world.out(frame(kOther, kServer, packet::kIcmp, icmp(8, 0, 7)));
    REQUIRE(echo);
    const std::uint16_t identifier = parsed(*echo).icmp_identifier();
    CHECK(identifier != 7);
    auto reply = world.in(frame(kServer, kRouter, packet::kIcmp, icmp(0, 0, identifier)));
    REQUIRE(reply);
    CHECK(parsed(*reply).destination() == kOther);
    CHECK(parsed(*reply).icmp_identifier() == 7);
}

TEST_CASE("ports that run out are counted") {
    World world(
        "table ip n { chain p { type nat hook postrouting priority srcnat;\n"
        "ip protocol udp snat to 198.51.100.1:4000-4003\n} }");
    for (std::uint16_t i = 0; i < 4; ++i)
        REQUIRE(
            world.out(frame(IpAddress::v4(10, 0, 1, std::uint8_t(i)), kServer, packet::kUdp, udp(9, 53))));
    CHECK_FALSE(world.out(frame(kInside, kServer, packet::kUdp, udp(9, 53))));
    CHECK(world.engine->nat_counters().exhausted == 1);
    // Another server can be told apart by its address.
    CHECK(world.out(frame(kInside, kOutside, packet::kUdp, udp(9, 53))));
    // Where nothing was free nobody looks again for 10 ms, though the flows have ended since.
    const Octets more = frame(kInside, kServer, packet::kUdp, udp(9, 53));
    world.now = world.now + Duration::milliseconds(29'999);
    CHECK_FALSE(world.out(more));
    world.now = world.now + Duration::milliseconds(5);
    CHECK_FALSE(world.out(more));
    CHECK(world.engine->nat_counters().exhausted == 3);
    world.now = world.now + Duration::milliseconds(5);
    CHECK(world.out(more));
}

TEST_CASE("destinations are translated, and hairpins go round") {
    World world(
        "table ip n { chain d { type nat hook prerouting priority dstnat;\n"
        "ip daddr 198.51.100.1 tcp dport 80 dnat to 10.0.0.2:8080\n"
        "tcp dport vmap { 81 : accept }\n tcp dport 82 dnat to tcp dport map { 82 : 10.0.0.9 }\n}\n"
        "chain s { type nat hook postrouting priority srcnat;\n ip saddr 10.0.0.0/8 ip daddr 10.0.0.0/8 "
        "masquerade\n} }");
    auto sent = world.in(frame(kServer, kRouter, packet::kTcp,
                               tcp({.source_port = 7, .destination_port = 80, .flags = kSyn})));
    REQUIRE(sent);
    CHECK(parsed(*sent).destination() == kOther);
    CHECK(parsed(*sent).destination_port() == 8080);
    CHECK(parsed(*sent).transport_checksum_ok());
    auto back = world.out(
        frame(kOther, kServer, packet::kTcp,
              tcp({.source_port = 8080, .destination_port = 7, .flags = kSyn | kAck, .acknowledgment = 1})));
    REQUIRE(back);
    CHECK(parsed(*back).source() == kRouter);
    CHECK(parsed(*back).source_port() == 80);
    auto mapped = world.in(frame(kServer, kRouter, packet::kTcp,
                                 tcp({.source_port = 8, .destination_port = 82, .flags = kSyn})));
    REQUIRE(mapped);
    CHECK(parsed(*mapped).destination() == IpAddress::v4(10, 0, 0, 9));
    // From inside to the outside address of something inside: both ends are rewritten.
    auto round = world.out(frame(kInside, kRouter, packet::kTcp,
                                 tcp({.source_port = 9, .destination_port = 80, .flags = kSyn})));
    REQUIRE(round);
    CHECK(parsed(*round).source() == kRouter);
    CHECK(parsed(*round).destination() == kOther);
}

TEST_CASE("rejections") {
    World world(
        "table inet t { chain f { type filter hook forward priority 0;\n"
        "tcp dport 1 reject with tcp reset\n udp dport 1 reject\n} }");
    CHECK_FALSE(
        world.out(frame(kInside, kServer, packet::kTcp,
                        tcp({.source_port = 5, .destination_port = 1, .flags = kSyn, .sequence = 41}))));
    REQUIRE(world.host.sent.size() == 1);
    Octets octets(14);
    append(octets, world.host.sent[0]);
    const Packet reset = parsed(octets);
    CHECK(reset.destination() == kInside);
    CHECK(reset.tcp_flags() == (kRst | kAck));
    CHECK(reset.transport()[11] == std::byte{42});
    CHECK(reset.transport_checksum_ok());
    CHECK_FALSE(world.out(frame(kInside, kServer, packet::kUdp, udp(5, 1))));
    REQUIRE(world.host.sent.size() == 2);
    Octets error(14);
    append(error, world.host.sent[1]);
    const Packet unreachable = parsed(error);
    CHECK(unreachable.icmp_type() == 3);
    CHECK(unreachable.icmp_code() == 3);
    CHECK(unreachable.transport_checksum_ok());
    // Answers are limited.
    for (int i = 0; i < 100; ++i) world.out(frame(kInside, kServer, packet::kUdp, udp(5, 1)));
    CHECK(world.host.sent.size() < 60);
    CHECK(world.engine->counters().untold > 40);
}

TEST_CASE("nobody resets what went to many, or came from them") {
    World world("table inet t { chain f { type filter hook input priority 0; reject with tcp reset\n} }");
    const auto rejected = [&](const IpAddress& source, const IpAddress& destination) {
        Octets octets = frame(source, destination, packet::kTcp,
                              tcp({.source_port = 5, .destination_port = 1, .flags = kSyn}));
        Packet packet = parsed(octets);
        packet.in_interface = 1;
        CHECK(world.engine->input(world.now, packet) == Verdict::kDrop);
        return std::exchange(world.host.sent, {}).size();
    };
    CHECK(rejected(kInside, kOther) == 1);
    CHECK(rejected(kInside, IpAddress::v4(224, 0, 0, 1)) == 0);
    CHECK(rejected(kInside, IpAddress::v4(255, 255, 255, 255)) == 0);
    CHECK(rejected(IpAddress::v4(255, 255, 255, 255), kOther) == 0);
    CHECK(rejected(IpAddress::v4(224, 0, 0, 1), kOther) == 0);
}

TEST_CASE("fragments are put together before rules see them") {
    World world(kStateful);
    Octets whole = frame(kInside, kServer, packet::kUdp, udp(5000, 53, 2000));
    const auto piece = [&](std::size_t from, std::size_t size, bool more) {
        Octets octets(whole.begin(), whole.begin() + 34);
        octets.insert(octets.end(), whole.begin() + 34 + std::ptrdiff_t(from),
                      whole.begin() + 34 + std::ptrdiff_t(from + size));
        put16(octets, 16, std::uint16_t(20 + size));
        put16(octets, 20, std::uint16_t((more ? 0x2000 : 0) | from / 8));
        put16(octets, 24, 0);
        put16(octets, 24, InternetChecksum{}.add(Bytes(octets).subspan(14, 20)).value());
        return octets;
    };
    CHECK_FALSE(world.out(piece(1000, 1008, false)));
    CHECK(world.last == Verdict::kStolen);
    auto sent = world.out(piece(0, 1000, true));
    REQUIRE(sent);
    CHECK(parsed(*sent).transport().size() == 2008);
    CHECK(parsed(*sent).transport_checksum_ok());
    CHECK(world.in(frame(kServer, kInside, packet::kUdp, udp(53, 5000))));
}

TEST_CASE("an IPv6 fragment that reaches beyond the longest datagram is refused") {
    World world(kStateful);
    const Octets payload(1400, std::byte{'x'});
    Octets beyond = piece_v6(packet::kUdp, 65'528, true, payload);
    CHECK_FALSE(world.out(beyond));
    beyond = piece_v6(packet::kUdp, 65'528, false, payload);
    CHECK_FALSE(world.out(beyond));
    CHECK(world.engine->defragmenter().next_deadline() == Instant::never());
}

TEST_CASE("a datagram goes on in pieces as long as it came, whatever else comes in pieces") {
    World world(kStateful);
    Octets whole = udp(5000, 53, 1600);
    // The sum with the pseudo header, as frame() makes it.
    const auto from = [&](std::size_t at, std::size_t size) { return Bytes(whole).subspan(at, size); };
    Octets first = piece_v6(packet::kUdp, 0, true, from(0, 1200));
    const auto header = Packet::parse(first, {});
    REQUIRE(header);
    const Octets summed = frame(header->source(), header->destination(), packet::kUdp, whole);
    whole.assign(summed.begin() + 54, summed.end());
    CHECK_FALSE(world.out(piece_v6(packet::kUdp, 0, true, from(0, 1200))));
    CHECK_FALSE(world.out(piece_v6(packet::kUdp, 0, true, from(0, 1200), 77 + 16)));  // another one's
    Octets last = piece_v6(packet::kUdp, 1200, false, from(1200, 408));
    auto packet = Packet::parse(last, {});
    REQUIRE(packet);
    packet->in_interface = 1;
    REQUIRE(world.engine->prerouting(world.now, *packet) == Verdict::kAccept);
    CHECK(packet->transport().size() == 1608);
    CHECK(packet->largest_fragment == 40 + 8 + 1200);
}

TEST_CASE("a source with all the flows there are is no burden when they end") {
    constexpr std::uint32_t kFlows = 60'000;
    World world(kMasquerade, kFlows);
    for (std::uint32_t i = 0; i < kFlows; ++i)
        REQUIRE(world.out(frame(kInside, IpAddress::v4(0xc633'0000 + i), packet::kUdp, udp(5000, 53))));
    CHECK(world.engine->tracker().flows().count() == kFlows);
    world.now = world.now + Duration::seconds(31);
    for (int second = 0; second < 70; ++second) {
        world.now = world.now + Duration::seconds(1);
        world.engine->expire(world.now);
    }
    CHECK(world.engine->tracker().flows().count() == 0);
    CHECK(world.out(frame(kInside, kServer, packet::kUdp, udp(5000, 53))));
}

TEST_CASE("a full table lets unassured flows go, and refuses when there are none") {
    World world(kStateful, 8);
    for (std::uint16_t i = 0; i < 20; ++i)
        REQUIRE(world.out(frame(kInside, kServer, packet::kUdp, udp(i, 53))));
    CHECK(world.engine->tracker().flows().count() == 8);
    CHECK(world.engine->tracker().flows().counters().evicted == 12);

    World busy(kStateful, 4);
    for (std::uint16_t i = 0; i < 4; ++i) {
        const Octets question = frame(kInside, kServer, packet::kUdp, udp(i, 53));
        REQUIRE(busy.out(question));
        busy.now = busy.now + Duration::seconds(3);
        REQUIRE(busy.in(frame(kServer, kInside, packet::kUdp, udp(53, i))));
        REQUIRE(busy.out(question));
    }
    CHECK_FALSE(busy.out(frame(kInside, kServer, packet::kUdp, udp(99, 53))));
    CHECK(busy.engine->tracker().flows().counters().full == 1);
    CHECK(busy.engine->counters().unconfirmed == 1);
    CHECK(busy.engine->drops(filter::Drop::kTableFull) == 1);
}

TEST_CASE("connection marks and raw rules") {
    World world(
        "table ip t { chain r { type filter hook prerouting priority raw;\n udp dport 9 notrack\n}\n"
        "chain p { type filter hook prerouting priority mangle;\n ct state new ct mark set 7\n meta mark set "
        "ct mark\n}\n"
        "chain f { type filter hook forward priority 0; policy drop;\n meta mark 7 counter accept\n"
        "ct state untracked counter accept\n} }");
    CHECK(world.out(frame(kInside, kServer, packet::kUdp, udp(1, 2))));
    CHECK(world.in(frame(kServer, kInside, packet::kUdp, udp(2, 1))));
    CHECK(world.out(frame(kInside, kServer, packet::kUdp, udp(1, 9))));
    CHECK(world.engine->rule_counters()[0].packets == 2);
    CHECK(world.engine->rule_counters()[1].packets == 1);
    CHECK(world.engine->tracker().flows().count() == 1);
}
