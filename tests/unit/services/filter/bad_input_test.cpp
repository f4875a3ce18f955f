// What somebody sends who means harm: the rest is served all the same, and what is dropped is counted under a
// name that says why.

#include <algorithm>

#include "tests/unit/services/filter/world.h"

using namespace holm;
using namespace holm::test;

namespace {

Octets piece_v4(const IpAddress& source, std::uint16_t identification, std::uint8_t protocol,
                std::size_t offset, bool more, Bytes payload) {
    // frame() would write a checksum into what is no transport.
    Octets octets = frame(source, kServer, 253, Octets(payload.begin(), payload.end()));
    octets[23] = std::byte{protocol};
    put16(octets, 18, identification);
    put16(octets, 20, std::uint16_t((more ? 0x2000 : 0) | offset / 8));
    put16(octets, 24, 0);
    put16(octets, 24, InternetChecksum{}.add(Bytes(octets).subspan(14, 20)).value());
    return octets;
}

// A connection between inside and outside that both sides have heard of.
void open_connection(World& world) {
    REQUIRE(world.out(segment(true, kSyn, 100, 0)));
    REQUIRE(world.in(segment(false, kSyn | kAck, 500, 101)));
    REQUIRE(world.out(segment(true, kAck, 101, 501)));
}

std::uint64_t drops(const World& world, filter::Drop reason) {
    return world.engine->drops(reason);
}

}  // namespace

TEST_CASE("every reason has a name of its own") {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < filter::kDrops; ++i) names.push_back(to_string(filter::Drop(i)));
    std::ranges::sort(names);
    CHECK(std::ranges::adjacent_find(names) == names.end());
    CHECK(names.front() != "");
}

TEST_CASE("forged fragments: overlaps, beginnings without an end, lengths of no datagram") {
    World world(kStateful);
    const Octets part(16, std::byte{'x'});
    // What could rewrite the ports that a rule has seen (RFC 1858, RFC 5722).
    CHECK_FALSE(world.out(piece_v4(kInside, 1, packet::kUdp, 0, true, part)));
    CHECK_FALSE(world.out(piece_v4(kInside, 1, packet::kUdp, 8, false, part)));
    CHECK(drops(world, filter::Drop::kOverlap) == 1);
    CHECK_FALSE(world.out(piece_v4(kInside, 1, packet::kUdp, 16, false, part)));  // of the same datagram
    CHECK(drops(world, filter::Drop::kOverlap) == 2);
    // Others make up sources; whoever sends a whole datagram then is served.
    for (std::uint16_t i = 0; i < 500; ++i)
        CHECK_FALSE(world.out(piece_v4(IpAddress::v4(0xcb00'7100U + i), i, packet::kUdp, 0, true, part)));
    CHECK(drops(world, filter::Drop::kFragmentRoom) > 400);
    const Octets whole = frame(kInside, kServer, packet::kUdp, udp(5000, 53, 2000));
    const Bytes transport = Bytes(whole).subspan(34);
    CHECK_FALSE(world.out(piece_v4(kInside, 9, packet::kUdp, 0, true, transport.first(1000))));
    CHECK(world.out(piece_v4(kInside, 9, packet::kUdp, 1000, false, transport.subspan(1000))));
    // What does not become whole in time is given up.
    const std::uint64_t before = drops(world, filter::Drop::kFragmentTime);
    world.now = world.now + net::ip::Reassembler::kTimeout;
    world.engine->expire(world.now);
    CHECK(drops(world, filter::Drop::kFragmentTime) > before);
    CHECK(world.engine->defragmenter().next_deadline() == Instant::never());
    CHECK(drops(world, filter::Drop::kRule) == 0);
}

TEST_CASE("ports that hide in a second fragment meet the rules") {
    World world(
        "table inet t { chain f { type filter hook forward priority 0; policy accept;\n"
        "ct state invalid drop\n tcp dport 23 counter drop\n} }");
    const Octets whole =
        frame(kInside, kServer, packet::kTcp, tcp({.source_port = 5, .destination_port = 23, .flags = kSyn}));
    const Bytes transport = Bytes(whole).subspan(34);
    // Eight bytes of a TCP header: no flags, no rule that asks for them (RFC 1858, section 3).
    CHECK_FALSE(world.out(piece_v4(kInside, 1, packet::kTcp, 0, true, transport.first(8))));
    CHECK_FALSE(world.out(piece_v4(kInside, 1, packet::kTcp, 8, false, transport.subspan(8))));
    CHECK(world.engine->rule_counters()[0].packets == 1);
    // A last piece without a first one never comes to the rules at all.
    CHECK_FALSE(world.out(piece_v4(kInside, 2, packet::kTcp, 8, false, transport.subspan(8))));
    CHECK(world.last == Verdict::kStolen);
}

TEST_CASE("a table that is full: connections go on, and half-open ones make room") {
    World world(kStateful, 16);
    open_connection(world);
    for (std::uint16_t i = 0; i < 1000; ++i) {
        const Octets syn = frame(IpAddress::v4(0xcb00'7100U + i), kServer, packet::kTcp,
                                 tcp({.source_port = i, .destination_port = 80, .flags = kSyn}));
        REQUIRE(world.out(syn));
    }
    CHECK(world.engine->tracker().flows().count() == 16);
    CHECK(world.engine->tracker().flows().counters().evicted == 1000 - 15);
    CHECK(drops(world, filter::Drop::kTableFull) == 0);
    CHECK(world.in(segment(false, kAck, 501, 101, 10)));
    CHECK(world.out(segment(true, kAck, 101, 511)));
}

TEST_CASE("a full table of connections: those that are over make room, others do not") {
    World world(kStateful, 1);
    open_connection(world);
    const Octets another =
        frame(kOther, kServer, packet::kTcp, tcp({.source_port = 7, .destination_port = 80, .flags = kSyn}));
    CHECK_FALSE(world.out(another));
    CHECK(drops(world, filter::Drop::kTableFull) == 1);
    CHECK(world.in(segment(false, kFin | kAck, 501, 101)));
    CHECK_FALSE(world.out(another));  // one side may still have much to say
    CHECK(world.out(segment(true, kFin | kAck, 101, 502)));
    CHECK(world.in(segment(false, kAck, 502, 102)));
    CHECK(world.out(another));
    CHECK(drops(world, filter::Drop::kTableFull) == 2);
}

TEST_CASE("answers that could not be told apart") {
    constexpr std::uint8_t kGre = 47;
    World world(kMasquerade);
    CHECK(world.out(frame(kInside, kServer, kGre, Octets(8))));
    CHECK_FALSE(world.out(frame(kOther, kServer, kGre, Octets(8))));
    CHECK(drops(world, filter::Drop::kFlowClash) == 1);
    CHECK(world.out(frame(kOther, kOutside, kGre, Octets(8))));
    // By IPv6 the outer interface has no address here.
    World other(
        "table ip6 n { chain p { type nat hook postrouting priority srcnat;\n oifname \"outside\" "
        "masquerade\n"
        "} }");
    const auto v6 = [](std::uint8_t last) {
        return IpAddress::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    };
    CHECK_FALSE(other.out(frame(v6(1), v6(2), packet::kUdp, udp(1, 2))));
    CHECK(drops(other, filter::Drop::kNoAddress) == 1);
    CHECK(drops(other, filter::Drop::kUntranslated) == 0);
}

TEST_CASE("without a free port flows that have one go on") {
    World world(
        "table ip n { chain p { type nat hook postrouting priority srcnat;\n"
        "ip protocol udp snat to 198.51.100.1:4000-4003\n} }");
    for (std::uint16_t i = 0; i < 100; ++i)
        world.out(frame(IpAddress::v4(10, 0, 1, std::uint8_t(i)), kServer, packet::kUdp, udp(9, 53)));
    CHECK(drops(world, filter::Drop::kPortsExhausted) == 96);
    CHECK(drops(world, filter::Drop::kUntranslated) == 0);
    for (std::uint8_t i = 0; i < 4; ++i) {
        auto sent = world.out(frame(IpAddress::v4(10, 0, 1, i), kServer, packet::kUdp, udp(9, 53)));
        REQUIRE(sent);
        CHECK(world.in(frame(kServer, kRouter, packet::kUdp, udp(53, parsed(*sent).source_port()))));
    }
}

TEST_CASE("ICMP errors that lie about what they quote") {
    World world(kMasquerade);
    auto question = world.out(frame(kInside, kServer, packet::kUdp, udp(5000, 53, 40)));
    REQUIRE(question);
    const Octets quote(question->begin() + 14, question->end());
    const auto error = [&](const Octets& quoted, const IpAddress& to = kRouter, std::uint8_t type = 3) {
        return frame(kOutside, to, packet::kIcmp, icmp(type, 3, 0, 0, quoted));
    };
    REQUIRE(world.in(error(quote)));
    const auto changed = [&](std::size_t at, std::uint8_t value) {
        Octets lie = quote;
        lie[at] = std::byte{value};
        return lie;
    };
    const std::uint64_t before = world.engine->tracker().invalid();
    const std::vector<Octets> lies{
        changed(0, 0x65),                           // another family
        changed(0, 0x44),                           // a header of 16 bytes
        changed(0, 0x4f),                           // one of 60 bytes: ports that are none
        changed(3, 19),                             // a datagram shorter than its header
        changed(6, 0x01),                           // a later fragment: no ports
        changed(9, packet::kIcmp),                  // an error about an error: type and code are payload
        changed(9, packet::kTcp),                   // another protocol
        changed(12, 9),                             // somebody else's
        changed(16, 9),                             // to somebody else
        changed(21, 9),                             // from another port
        Octets(quote.begin(), quote.begin() + 20),  // no ports at all
        Octets(quote.begin(), quote.begin() + 27),  // not all of the eight bytes
        Octets(quote.begin(), quote.begin() + 1),   // no header
        Octets(),
    };
    for (const Octets& lie : lies) {
        CAPTURE(&lie - lies.data());
        CHECK_FALSE(world.in(error(lie)));
    }
    // About a flow, but to another than its sender.
    CHECK_FALSE(world.in(error(quote, kOther)));
    CHECK(world.engine->tracker().invalid() == before + lies.size() + 1);
    // A redirect names a router that whoever is behind the translation has not.
    CHECK_FALSE(world.in(error(quote, kRouter, 5)));
    CHECK(drops(world, filter::Drop::kUntranslated) == 1);
    // Lengths in what is quoted are those of the datagram, not of the quote.
    CHECK(world.in(error(Octets(quote.begin(), quote.begin() + 28))));
    CHECK(world.in(error(changed(2, 0xff))));
}

TEST_CASE("segments out of order, sent again, and guessed") {
    World world(kStateful);
    open_connection(world);
    // A window's worth, the last first; then all again.
    for (int round = 0; round < 2; ++round)
        for (std::uint32_t i = 40; i-- > 0;) CHECK(world.in(segment(false, kAck, 501 + i * 1000, 101, 1000)));
    CHECK(world.out(segment(true, kAck, 101, 40'501)));
    // A retransmission of what is acknowledged already passes, and moves nothing.
    CHECK(world.in(segment(false, kAck, 501, 101, 1000)));
    // Acknowledgments overtake each other.
    for (const std::uint32_t ack : {39'501U, 38'501U, 40'501U})
        CHECK(world.out(segment(true, kAck, 101, ack)));
    // Who guesses ahead: data, acknowledgments, resets. What lies behind passes as old and moves nothing, as
    // in Linux; only a reset has to be in the window.
    for (std::uint32_t i = 1; i < 31; ++i) {
        const std::uint32_t far = 40'501 + (i << 26U);
        CHECK_FALSE(world.in(segment(false, kAck, far, 101, 100)));
        CHECK_FALSE(world.in(segment(false, kAck, 40'501, 101 + (i << 26U), 100)));
        CHECK_FALSE(world.in(segment(false, kRst, far, 0)));
    }
    CHECK(world.in(segment(false, kAck, 40'501, 101, 1000)));
    CHECK(world.out(segment(true, kAck, 101, 41'501)));
    CHECK(world.engine->tracker().flows().count() == 1);
}

TEST_CASE("a sequence space that goes round") {
    World world(kStateful);
    REQUIRE(world.out(segment(true, kSyn, 0xffff'ff00, 0)));
    REQUIRE(world.in(segment(false, kSyn | kAck, 0xffff'f000, 0xffff'ff01)));
    REQUIRE(world.out(segment(true, kAck, 0xffff'ff01, 0xffff'f001)));
    std::uint32_t at = 0xffff'f001;
    for (int i = 0; i < 20; ++i, at += 1000) {
        CHECK(world.in(segment(false, kAck, at, 0xffff'ff01, 1000)));
        CHECK(world.out(segment(true, kAck, 0xffff'ff01, at + 1000)));
    }
    CHECK_FALSE(world.in(segment(false, kAck, at + 0x8000'0000, 0xffff'ff01, 1000)));
}

TEST_CASE("how long flows are remembered") {
    const auto remembered = [](World& world, Duration after, const Octets& answer) {
        world.now = world.now + after;
        return world.in(answer).has_value();
    };
    const Octets answer = frame(kServer, kInside, packet::kUdp, udp(53, 5000));
    const Octets question = frame(kInside, kServer, packet::kUdp, udp(5000, 53));
    for (const bool late : {false, true}) {
        World datagram(kStateful);
        REQUIRE(datagram.out(question));
        CHECK(remembered(datagram, Duration::seconds(late ? 31 : 29), answer) == !late);
        World stream(kStateful);  // an exchange that goes on
        REQUIRE(stream.out(question));
        REQUIRE(remembered(stream, Duration::seconds(3), answer));
        REQUIRE(stream.out(question));
        CHECK(remembered(stream, Duration::seconds(late ? 121 : 119), answer) == !late);
        World half(kStateful);  // nobody answers a SYN
        REQUIRE(half.out(segment(true, kSyn, 100, 0)));
        CHECK(remembered(half, Duration::seconds(late ? 121 : 119), segment(false, kSyn | kAck, 500, 101)) ==
              !late);
        World open(kStateful);  // days, and no more
        open_connection(open);
        CHECK(remembered(open, Duration::seconds(late ? 432'001 : 431'999), segment(false, kAck, 501, 101)) ==
              !late);
        World over(kStateful);
        open_connection(over);
        REQUIRE(over.in(segment(false, kRst, 501, 0)));
        CHECK(remembered(over, Duration::seconds(late ? 11 : 9), segment(false, kRst, 501, 0)) == !late);
    }
}

TEST_CASE("a packet to its own sender and port is a flow like any other") {
    World world(kStateful);
    const Octets land = frame(kInside, kInside, packet::kTcp,
                              tcp({.source_port = 80, .destination_port = 80, .flags = kSyn}));
    CHECK(world.out(land));
    world.out(land);
    CHECK(world.engine->tracker().flows().count() == 1);
    world.now = world.now + Duration::seconds(200);
    world.engine->expire(world.now);
    CHECK(world.engine->tracker().flows().count() == 0);
    open_connection(world);
}

TEST_CASE("a source whose flows have all expired is looked at a little at a time") {
    constexpr std::uint32_t kFlows = 4000;
    World world(kMasquerade, kFlows);
    for (std::uint32_t i = 0; i < kFlows; ++i)
        REQUIRE(world.out(frame(kInside, IpAddress::v4(0xc633'0000 + i), packet::kUdp, udp(5000, 53))));
    world.now = world.now + Duration::seconds(31);
    CHECK(world.out(frame(kInside, kServer, packet::kUdp, udp(5000, 54))));
    const std::uint64_t expired = world.engine->tracker().flows().counters().expired;
    CHECK(expired > 0);
    CHECK(expired < 200);
}
