// What a packet costs in the filter by itself, by CPU time: a flow that goes on, and new ones past 10 to
// 50,000 addresses or ports, as lookups and rule by rule. A line each: NAME, rules, then nanoseconds of each
// round.

#include <cstdio>
#include <ctime>
#include <format>
#include <print>
#include <string>

#include "services/filter/engine/engine.h"
#include "tests/support/packets.h"
#include "tests/support/rules.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;

namespace {

constexpr int kRounds = 7;

class Host final : public packet::HookHost {
  public:
    void send(Instant, Bytes, const packet::FlowNote&) override {}
    IpAddress address_of(std::uint16_t, packet::Family) const override {
        return IpAddress::v4(198, 51, 100, 1);
    }
};

double nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e9 + double(now.tv_nsec);
}

std::string with_chain(const std::string& rules) {
    return "table inet t {\n chain f { type filter hook forward priority 0; policy accept;\n" + rules +
           " }\n}\n";
}

std::string blocked(int count) {
    std::string rules;
    for (int i = 0; i < count; ++i)
        rules +=
            std::format("  ip saddr 20.{}.{}.{} counter drop\n", i * 37 % 250, i * 101 / 250 % 250, i % 250);
    return rules;
}

std::string ports(int count) {
    std::string rules;
    for (int i = 0; i < count; ++i) rules += std::format("  udp dport {} counter drop\n", 1000 + i);
    return rules;
}

// Packets of 64 sources, none of them met by a rule.
void measure(const char* name, int count, const std::string& text, bool merge, int packets) {
    const CompiledRules rules(text, merge);
    if (!rules.problem().empty()) return std::println(stderr, "{}: {}", name, rules.problem());
    Host host;
    filter::Engine engine(rules.table(), host, {});
    std::vector<Octets> frames;
    for (int i = 0; i < 64; ++i)
        frames.push_back(frame(IpAddress::v4(10, 0, std::uint8_t(i), 1), IpAddress::v4(192, 0, 2, 1),
                               packet::kUdp, udp(std::uint16_t(5000 + i), 80, 18)));
    std::print("{} {}", name, count);
    for (int round = 0; round < kRounds; ++round) {
        const double start = nanoseconds();
        for (int i = 0; i < packets; ++i) {
            auto packet = packet::Packet::parse(frames[std::size_t(i) % 64], {});
            packet->in_interface = 1;
            const Instant now = Instant::from_nanoseconds(1'000'000'000 + i);
            if (engine.prerouting(now, *packet) != packet::Verdict::kAccept) continue;
            packet->out_interface = 2;
            if (engine.forward(now, *packet) == packet::Verdict::kAccept) engine.postrouting(now, *packet);
        }
        std::print(" {:.1f}", (nanoseconds() - start) / packets);
    }
    std::println("");
}

}  // namespace

int main() {
    measure("stateful", 3,
            with_chain("  ct state vmap { established : accept, related : accept, invalid : drop }\n"
                       "  iifname \"lan\" counter accept\n  counter\n"),
            true, 400'000);
    for (const int count : {10, 5'000, 50'000})
        measure("addresses", count, with_chain(blocked(count)), true, 1'000'000);
    for (const int count : {10, 5'000}) measure("ports", count, with_chain(ports(count)), true, 1'000'000);
    measure("one-by-one", 5'000, with_chain(ports(5'000)), false, 2'000);
}
