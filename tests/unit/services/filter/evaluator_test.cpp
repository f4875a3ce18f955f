// What compiled rules do with packets, and that merged ones do the same as they were written.

#include "services/filter/engine/evaluator.h"

#include <random>

#include <doctest/doctest.h>

#include "tests/support/packets.h"
#include "tests/support/rules.h"

using namespace holm;
using namespace holm::test;
using filter::Evaluator;
using filter::Outcome;
using filter::Subject;
using net::IpAddress;

namespace {

constexpr IpAddress kA = IpAddress::v4(10, 0, 0, 1), kB = IpAddress::v4(192, 168, 0, 2);

struct Run {
    Outcome::Kind kind;
    std::vector<std::uint64_t> counts;
};

std::string table_of(const std::string& rules, const std::string& policy = "accept") {
    return "table inet t { chain other { counter; tcp dport 22 drop; }\n chain c { type filter hook forward "
           "priority 0; "
           "policy " +
           policy + ";\n" + rules + "\n} }";
}

const filter::Chain& base_chain(const filter::Table& table) {
    for (const filter::Chain& chain : table.chains())
        if (chain.hook != filter::Hook::kNone) return chain;
    FAIL("no base chain");
    return table.chains()[0];
}

Run run(const CompiledRules& rules, Octets octets, std::uint32_t state = filter::kStateNew) {
    auto packet = packet::Packet::parse(octets, {});
    REQUIRE(packet.has_value());
    Evaluator evaluator(rules.table());
    Subject subject(*packet);
    subject.state = state;
    const Outcome outcome = evaluator.run(base_chain(rules.table()), subject, Instant{});
    Run result{outcome.kind, {}};
    for (const auto& counter : evaluator.counters()) result.counts.push_back(counter.packets);
    return result;
}

bool accepts(const std::string& rule, const Octets& octets, std::uint32_t state = filter::kStateNew) {
    const CompiledRules rules(table_of(rule + " accept", "drop"));
    CAPTURE(rule);
    REQUIRE(rules.problem() == "");
    return run(rules, octets, state).kind == Outcome::Kind::kAccept;
}

}  // namespace

TEST_CASE("matches") {
    const Octets syn =
        frame(kA, kB, packet::kTcp, tcp({.source_port = 1000, .destination_port = 80, .flags = 2}), 7);
    for (const char* rule :
         {"ip saddr 10.0.0.1",
          "ip saddr 10.0.0.0/24",
          "ip saddr != 10.0.1.0/24",
          "ip daddr { 1.1.1.1, 192.168.0.0/16 }",
          "tcp dport 80",
          "tcp dport 70-90",
          "tcp dport > 79",
          "tcp dport < 81",
          "tcp flags syn",
          "tcp flags == syn",
          "tcp flags & (syn|ack) == syn",
          "tcp flags ! ack",
          "ip ttl 7",
          "ip length 40",
          "meta length 40",
          "th dport 80",
          "meta l4proto tcp",
          "meta nfproto ipv4",
          "ip protocol tcp",
          "ct state new",
          "ct state != established",
          "ip saddr & 0.0.0.255 == 0.0.0.1",
          "ip saddr . tcp dport { 10.0.0.1 . 79-81 }",
          "ip saddr . ip daddr { 10.0.0.0/8 . 192.168.0.0/16 }",
          "meta mark 0",

          "iifname != \"eth0\"",
          "ip saddr . ip daddr . tcp dport . tcp sport { 10.0.0.1 . 192.168.0.2 . 80 . 1000 }"}) {
        CAPTURE(rule);
        CHECK(accepts(rule, syn));
    }
    for (const char* rule :
         {"ip saddr 10.0.0.2", "ip saddr != 10.0.0.1", "udp dport 80", "udp dport != 80", "tcp dport != 80",
          "tcp flags ack", "icmp type echo-request", "ip6 saddr ::/0", "ip6 saddr != ::1",
          "ct state established", "ip saddr . tcp dport { 10.0.0.1 . 81-90, 10.0.0.2 . 80 }", "ct mark 0",
          "iifname \"eth0\""}) {
        CAPTURE(rule);
        CHECK_FALSE(accepts(rule, syn));
    }
    CHECK(accepts("ct state established,related", syn, filter::kStateRelated));
    const IpAddress a6 = IpAddress::v6({0x20, 1, 0xd, 0xb8, 1}), b6 = IpAddress::v6({0x20, 1, 0xd, 0xb8, 2});
    const Octets six = frame(a6, b6, packet::kIcmpv6, icmp(128, 0), 9);
    CHECK(accepts("ip6 saddr 2001:db8::/32", six));
    CHECK(accepts("ip6 saddr { 2001:db8:100::, 2001:db8:200::/40 }", six));
    CHECK(accepts("ip6 saddr & ffff:ffff:: == 2001:db8::", six));
    CHECK(accepts("icmpv6 type echo-request ip6 hoplimit 9", six));
    CHECK(accepts("ip6 saddr . icmpv6 type { 2001:db8:100:: . echo-request }", six));
    CHECK_FALSE(accepts("ip6 saddr 2001:db8:200::/40", six));
    CHECK_FALSE(accepts("icmp type echo-request", six));
}

TEST_CASE("verdicts, jumps and counters") {
    const CompiledRules rules(
        table_of("counter\n tcp dport 22 counter jump other\n tcp dport 23 counter return\n"
                 "tcp dport vmap { 24 : drop, 25 : jump other, 26 : accept }\n counter\n"));
    REQUIRE(rules.problem() == "");
    const auto with_port = [&](std::uint16_t port) {
        return run(rules, frame(kA, kB, packet::kTcp, tcp({.destination_port = port})));
    };
    // In the order of the file: other; all; 22; 23; the last.
    CHECK(with_port(22).kind == Outcome::Kind::kDrop);
    CHECK(with_port(22).counts == std::vector<std::uint64_t>{1, 1, 1, 0, 0});
    CHECK(with_port(23).counts == std::vector<std::uint64_t>{0, 1, 0, 1, 0});
    CHECK(with_port(24).kind == Outcome::Kind::kDrop);
    CHECK(with_port(25).counts == std::vector<std::uint64_t>{1, 1, 0, 0, 1});
    CHECK(with_port(26).counts == std::vector<std::uint64_t>{0, 1, 0, 0, 0});
    CHECK(with_port(27).counts == std::vector<std::uint64_t>{0, 1, 0, 0, 1});
}

TEST_CASE("a limit lets through its rate") {
    const CompiledRules rules(table_of("limit rate 10/second burst 2 packets accept", "drop"));
    REQUIRE(rules.problem() == "");
    Octets octets = frame(kA, kB, packet::kUdp, udp(1, 2));
    auto packet = packet::Packet::parse(octets, {});
    Evaluator evaluator(rules.table());
    Subject subject(*packet);
    const auto passes = [&](std::int64_t ms) {
        return evaluator
                   .run(base_chain(rules.table()), subject,
                        Instant::from_nanoseconds(1'000'000'000) + Duration::milliseconds(ms))
                   .kind == Outcome::Kind::kAccept;
    };
    CHECK(passes(0));
    CHECK(passes(0));
    CHECK_FALSE(passes(0));
    CHECK_FALSE(passes(99));
    CHECK(passes(100));
    CHECK_FALSE(passes(100));
}

TEST_CASE("a limit whose tokens are no number of 64 bits") {
    // A datagram that is worth more than a hundred years; and a burst that is.
    const std::pair<const char*, bool> kRules[] = {
        {"limit rate 1 bytes/week accept", false},
        {"limit rate over 1 bytes/week burst 4096 mbytes drop\naccept", true}};
    for (const auto& [rule, passes] : kRules) {
        CAPTURE(rule);
        const CompiledRules rules(table_of(rule, "drop"));
        REQUIRE(rules.problem() == "");
        Octets octets = frame(kA, kB, packet::kUdp, udp(1, 2));
        octets.resize(octets.size() + 30'500);
        CHECK((run(rules, octets).kind == Outcome::Kind::kAccept) == passes);
    }
}

TEST_CASE("merged rules do what they would do one by one") {
    std::mt19937 random(3);
    const auto pick = [&](auto... texts) {
        const std::string all[] = {texts...};
        return all[random() % sizeof...(texts)];
    };
    for (int round = 0; round < 60; ++round) {
        std::string text;
        const std::string shape = pick("ip saddr ", "tcp dport ", "both", "set");
        const int count = 3 + int(random() % 60);
        for (int i = 0; i < count; ++i) {
            const std::string address =
                "10.0." + std::to_string(random() % 3) + "." + std::to_string(random() % 8);
            const std::string port = std::to_string(random() % 20);
            if (shape == "ip saddr ")
                text += shape + pick(address, "10.0." + std::to_string(random() % 3) + ".0/24",
                                     "10.0.0.0-10.0.1." + std::to_string(random() % 9));
            else if (shape == "tcp dport ")
                text += shape + pick(port, port + "-" + std::to_string(20 + random() % 5));
            else if (shape == "set")
                text += "tcp dport { " + port + ", " + std::to_string(20 + random() % 20) + " }";
            else
                text += "ip saddr " + address + " tcp dport " + port;
            text += pick(" counter accept", " counter drop", " counter", " drop", " counter jump other",
                         " counter return", " meta mark set 5 counter");
            text += "\n";
        }
        const CompiledRules merged(table_of(text)), linear(table_of(text), false);
        CAPTURE(text);
        REQUIRE(merged.problem() == "");
        REQUIRE(linear.table().merged_rules() == 0);
        for (int i = 0; i < 40; ++i) {
            const Octets octets =
                frame(IpAddress::v4(10, 0, std::uint8_t(random() % 3), std::uint8_t(random() % 9)), kB,
                      packet::kTcp, tcp({.destination_port = std::uint16_t(random() % 45)}));
            const Run a = run(merged, octets), b = run(linear, octets);
            REQUIRE(a.kind == b.kind);
            REQUIRE(a.counts == b.counts);
        }
    }
}

TEST_CASE("rules that begin with a comparison that has failed are passed by at once") {
    const CompiledRules rules(
        table_of("ip ttl 9 tcp dport 1 counter accept\nip ttl 9 udp dport 2 counter accept\n"
                 "ip ttl != 9 tcp dport 3 counter\nip ttl 9 counter\nip ttl 64 counter accept\n"));
    REQUIRE(rules.problem() == "");
    const auto operations = rules.table().operations();
    const filter::Operation& first = operations[base_chain(rules.table()).begin];
    REQUIRE(first.field == filter::Field::kIpTtl);
    const filter::Operation& behind = operations[first.next];
    CHECK(behind.field == filter::Field::kIpTtl);
    CHECK(behind.negate != 0);  // another question
    const Run seen = run(rules, frame(kA, kB, packet::kTcp, tcp({.destination_port = 3})));
    CHECK(seen.counts == std::vector<std::uint64_t>{0, 0, 0, 1, 0, 1});
}

TEST_CASE("thousands of rules are one lookup") {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += "tcp dport " + std::to_string(i) + " counter accept\n";
    for (int i = 0; i < 5000; ++i)
        text += "ip saddr 20." + std::to_string(i >> 8) + "." + std::to_string(i & 255) + ".7 drop\n";
    const CompiledRules rules(table_of(text));
    REQUIRE(rules.problem() == "");
    CHECK(rules.table().merged_rules() == 10'000);
    const Run hit = run(rules, frame(kA, kB, packet::kTcp, tcp({.destination_port = 4321})));
    CHECK(hit.counts[1 + 4321] == 1);
    CHECK(run(rules, frame(IpAddress::v4(20, 3, 9, 7), kB, packet::kUdp, udp(1, 2))).kind ==
          Outcome::Kind::kDrop);
    CHECK(run(rules, frame(IpAddress::v4(20, 3, 9, 8), kB, packet::kUdp, udp(1, 2))).kind ==
          Outcome::Kind::kAccept);
}
