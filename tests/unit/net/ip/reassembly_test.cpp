#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

// A host that gets a UDP datagram of 4000 bytes in fragments of its own choosing.
struct Fragmented : Host {
    Fragmented() {
        know(kPeer);
        socket = *stack.udp().open();
        REQUIRE(socket->bind({IpAddress::any_v4(), 7}));
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = char('a' + i % 25);
        whole = udp_datagram({kPeer.address, 5000}, {kAddress, 7}, bytes_of(text));
    }
    wire::Ipv4Header header(std::size_t begin, bool more, std::uint16_t id = 1) const {
        auto result = from(kPeer, ip::Protocol::kUdp);
        result.identification = id;
        result.fragment_offset = std::uint16_t(begin);
        result.more_fragments = more;
        return result;
    }
    void fragment(std::size_t begin, std::size_t end, std::uint16_t id = 1) {
        receive_ip(header(begin, end < whole.size(), id),
                   Frame(whole.begin() + std::ptrdiff_t(begin), whole.begin() + std::ptrdiff_t(end)));
    }
    bool heard() {
        if (!socket->front()) return false;
        CHECK(as_text(socket->front()->payload) == text);
        socket->pop();
        return true;
    }
    std::string text = std::string(4000, ' ');
    Frame whole;
    std::unique_ptr<udp::Socket> socket;
};

}  // namespace

TEST_CASE("fragments make a datagram in any order") {
    int order[] = {0, 1, 2, 3};
    const std::size_t cuts[] = {0, 800, 1600, 2400, 4008};
    do {
        Fragmented host;
        for (const int i : order) {
            CHECK_FALSE(host.heard());
            host.fragment(cuts[i], cuts[i + 1]);
        }
        CHECK(host.heard());
        CHECK(host.stack.next_deadline().is_never());
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("duplicates are ignored") {
    Fragmented host;
    host.fragment(0, 1600);
    host.fragment(0, 1600);
    host.fragment(800, 1600);
    host.fragment(2400, 4008);
    host.fragment(2400, 4008);
    host.fragment(1600, 2400);
    CHECK(host.heard());
}

TEST_CASE("overlapping fragments condemn their datagram") {
    Fragmented host;
    host.fragment(0, 1600);
    host.fragment(1592, 2400);
    CHECK(host.stack.counters()[Drop::kOverlap] == 1);
    host.fragment(2400, 4008);
    CHECK_FALSE(host.heard());
}

TEST_CASE("fragments that disagree about the end condemn their datagram") {
    for (const bool last_first : {true, false}) {
        Fragmented host;
        if (last_first) host.fragment(1600, 4008);
        host.receive_ip(host.header(4008, true), Frame(8));  // goes on behind the end
        if (!last_first) host.fragment(1600, 4008);
        CHECK(host.stack.counters()[Drop::kOverlap] == 1);
    }
}

TEST_CASE("an incomplete datagram is given up after 60 seconds, and its sender told if it began") {
    Fragmented host;
    host.fragment(0, 1600, 1);
    host.fragment(1600, 2400, 2);
    CHECK(host.stack.next_deadline() == host.now + Duration::seconds(60));
    host.wait(Duration::seconds(59));
    CHECK(host.device.frames.empty());
    host.wait(Duration::seconds(2));
    CHECK(host.stack.counters()[Drop::kReassemblyTimeout] == 2);
    std::optional<Sent> error;
    while (!host.device.frames.empty()) {
        const auto sent = sent_ip(host.device.take());
        if (!sent) continue;  // the sender's MAC address, asked for once more
        CHECK_FALSE(error);
        error = sent;
    }
    REQUIRE(error);
    const auto icmp = wire::Icmpv4Header::parse(error->payload, true);
    REQUIRE(icmp);
    CHECK(icmp->type == wire::Icmpv4Type::kTimeExceeded);
    CHECK(icmp->code == 1);
    CHECK(host.stack.ip().next_deadline().is_never());
}

TEST_CASE("at most eight datagrams of a sender are put together at a time: the oldest gives way") {
    Fragmented host;
    for (std::uint16_t id = 0; id < 9; ++id) {
        host.fragment(0, 1600, id);
        host.wait(Duration::milliseconds(1));
    }
    CHECK(host.stack.counters()[Drop::kReassemblyFull] == 1);
    host.fragment(1600, 4008, 8);
    CHECK(host.heard());
    host.fragment(1600, 4008, 0);
    CHECK_FALSE(host.heard());
}

TEST_CASE("who sends nothing but beginnings takes the room of nobody else") {
    net::Counters counters;
    const Frame text(16, std::byte{'x'});
    const auto v6 = [](std::uint8_t network, std::uint8_t host) {
        return IpAddress::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host});
    };
    const auto v4 = [](std::uint8_t, std::uint8_t host) { return IpAddress::v4(10, 0, 0, host); };
    const auto check = [&](auto forged, const IpAddress& honest) {
        ip::Reassembler reassembler(counters);
        Instant now;
        const auto add = [&](const IpAddress& source, std::uint32_t id, bool first) {
            now = now + Duration::milliseconds(1);
            return reassembler.add(now, {.source = source,
                                         .destination = honest,
                                         .identification = id,
                                         .offset = std::uint16_t(first ? 0 : 16),
                                         .more = first,
                                         .header = first ? Bytes(text) : Bytes(),
                                         .payload = text});
        };
        std::uint32_t id = 0;
        for (; id < 20; ++id) CHECK_FALSE(add(forged(id), id, true));
        // Who comes later finds room, twice, and keeps it.
        CHECK_FALSE(add(honest, 1000, true));
        CHECK_FALSE(add(honest, 1001, true));
        for (; id < 60; ++id) CHECK_FALSE(add(forged(id), id, true));
        CHECK(add(honest, 1000, false));
        CHECK(add(honest, 1001, false));
    };
    check([&](std::uint32_t) { return v4(0, 1); }, v4(0, 2));
    // A host has many addresses in its network.
    check([&](std::uint32_t id) { return v6(1, std::uint8_t(id)); }, v6(2, 1));
    // Others than IPv4 and IPv6 alike do not count together.
    check([&](std::uint32_t) { return v4(0, 1); }, v6(2, 1));
}

TEST_CASE("many senders, and long datagrams, take no more than there is") {
    net::Counters counters;
    ip::Reassembler reassembler(counters);
    Instant now;
    const Frame text(16, std::byte{'x'});
    const auto add = [&](std::uint32_t source, std::uint16_t offset, bool more) {
        now = now + Duration::milliseconds(1);
        return reassembler
            .add(now, {.source = IpAddress::v4(source),
                       .destination = IpAddress::v4(1),
                       .identification = source,
                       .offset = offset,
                       .more = more,
                       .header = offset == 0 ? Bytes(text) : Bytes(),
                       .payload = text})
            .has_value();
    };
    const auto given_up = [&] { return counters[Drop::kReassemblyFull]; };
    constexpr std::uint32_t kHonest = 1000;
    CHECK_FALSE(add(kHonest, 0, true));
    CHECK_FALSE(add(kHonest + 1, 0, true));
    // Thirty that begin, each from an address of its own: there is room for all.
    for (std::uint32_t i = 0; i < 30; ++i) CHECK_FALSE(add(2000 + i, 0, true));
    CHECK(given_up() == 0);
    CHECK(add(kHonest, 16, false));
    // Ends without beginnings, as far behind as can be: the long ones give way to each other.
    for (std::uint32_t i = 0; i < 100; ++i) CHECK_FALSE(add(3000 + i, 65'504, true));
    CHECK(given_up() >= 92);
    CHECK(given_up() <= 94);
    CHECK(add(kHonest + 1, 16, false));
    CHECK(add(2000, 16, false));
    // When there are as many as there may be, the oldest give way.
    for (std::uint32_t i = 0; i < 200; ++i) CHECK_FALSE(add(4000 + i, 0, true));
    CHECK_FALSE(add(2001, 16, false));
    CHECK(add(4199, 16, false));
    // All of them end with their time.
    now = now + ip::Reassembler::kTimeout;
    while (reassembler.expire(now)) {
    }
    CHECK(reassembler.next_deadline() == Instant::never());
}

TEST_CASE("a datagram that grows piece by piece keeps what it has") {
    net::Counters counters;
    ip::Reassembler reassembler(counters);
    Frame whole(60'000);
    for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = std::byte(i * 7 >> 3);
    const Frame header(20, std::byte{'h'});
    for (const bool backwards : {false, true}) {
        std::optional<ip::Reassembler::Datagram> datagram;
        for (std::size_t i = 0; i < 30; ++i) {
            REQUIRE_FALSE(datagram);
            const std::size_t at = (backwards ? 29 - i : i) * 2000;
            datagram = reassembler.add(Instant(), {.source = IpAddress::v4(1),
                                                   .destination = IpAddress::v4(2),
                                                   .identification = backwards,
                                                   .offset = std::uint16_t(at),
                                                   .more = at + 2000 < whole.size(),
                                                   .header = header,
                                                   .payload = Bytes(whole).subspan(at, 2000)});
        }
        REQUIRE(datagram);
        CHECK(std::ranges::equal(datagram->bytes, header + whole));
    }
}

TEST_CASE("too many holes are too many") {
    Fragmented host;
    for (std::size_t i = 0; i < 40; ++i) host.fragment(i * 16, i * 16 + 8);
    // From the 33rd on: what comes of a datagram that was given up is dropped too.
    CHECK(host.stack.counters()[Drop::kOverlap] == 8);
}

TEST_CASE("a large ping comes in fragments and is answered in fragments") {
    Fragmented host;
    const Frame ping =
        icmp_message({wire::Icmpv4Type::kEchoRequest, 0, 1, 1}, bytes_of(std::string(60'000, 'p')));
    const std::size_t step = 1480;
    for (std::size_t at = 0; at < ping.size(); at += step) {
        const std::size_t end = std::min(at + step, ping.size());
        auto header = host.from(Host::kPeer, ip::Protocol::kIcmp);
        header.identification = 9;
        header.fragment_offset = std::uint16_t(at);
        header.more_fragments = end < ping.size();
        host.receive_ip(header, Frame(ping.begin() + std::ptrdiff_t(at), ping.begin() + std::ptrdiff_t(end)));
    }
    CHECK(host.device.frames.size() == (ping.size() + step - 1) / step);
    Frame whole;
    while (!host.device.frames.empty()) whole = whole + sent_ip(host.device.take())->payload;
    REQUIRE(whole.size() == ping.size());
    CHECK(wire::Icmpv4Header::parse(whole, true)->type == wire::Icmpv4Type::kEchoReply);
}
