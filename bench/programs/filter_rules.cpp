// What a packet costs in the filter by itself, by CPU time: a flow that goes on, and new ones past 10 to
// 50,000 addresses or ports, as lookups and rule by rule. The rounds of all take turns, each a few
// milliseconds long: what disturbs one disturbs the others too. A line each: NAME, rules, then nanoseconds of
// each round.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <format>
#include <memory>
#include <print>
#include <string>
#include <vector>

#include "services/filter/engine/engine.h"
#include "tests/support/packets.h"
#include "tests/support/rules.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;

namespace {

constexpr int kRounds = 41;

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
class Subject {
  public:
    Subject(std::string name, int count, const std::string& text, bool merge, int packets)
        : packets_(packets), rules_(text, merge), label_(std::format("{} {}", name, count)) {
        if (!rules_.problem().empty()) {
            std::println(stderr, "{}: {}", label_, rules_.problem());
            std::exit(1);
        }
        engine_ = std::make_unique<filter::Engine>(rules_.table(), host_, filter::EngineConfiguration{});
        for (int i = 0; i < 64; ++i)
            frames_.push_back(frame(IpAddress::v4(10, 0, std::uint8_t(i), 1), IpAddress::v4(192, 0, 2, 1),
                                    packet::kUdp, udp(std::uint16_t(5000 + i), 80, 18)));
    }

    void round() {
        const double start = nanoseconds();
        for (int i = 0; i < packets_; ++i) {
            auto packet = packet::Packet::parse(frames_[std::size_t(i) % 64], {});
            packet->in_interface = 1;
            now_ = now_ + Duration::nanoseconds(1);
            if (engine_->prerouting(now_, *packet) != packet::Verdict::kAccept) continue;
            packet->out_interface = 2;
            if (engine_->forward(now_, *packet) == packet::Verdict::kAccept)
                engine_->postrouting(now_, *packet);
        }
        values_ += std::format(" {:.1f}", (nanoseconds() - start) / packets_);
    }
    void print() const { std::println("{}{}", label_, values_); }
    void forget() { values_.clear(); }

  private:
    int packets_;
    CompiledRules rules_;
    std::string label_, values_;
    Host host_;
    std::unique_ptr<filter::Engine> engine_;
    std::vector<Octets> frames_;
    Instant now_ = Instant::from_nanoseconds(1'000'000'000);
};

}  // namespace

int main() {
    std::vector<std::unique_ptr<Subject>> subjects;
    const auto add = [&](const char* name, int count, const std::string& rules, bool merge, int packets) {
        subjects.push_back(std::make_unique<Subject>(name, count, with_chain(rules), merge, packets));
    };
    add("stateful", 3,
        "  ct state vmap { established : accept, related : accept, invalid : drop }\n"
        "  iifname \"lan\" counter accept\n  counter\n",
        true, 50'000);
    for (const int count : {10, 5'000, 50'000}) add("addresses", count, blocked(count), true, 100'000);
    for (const int count : {10, 5'000}) add("ports", count, ports(count), true, 100'000);
    add("one-by-one", 5'000, ports(5'000), false, 200);
    for (const auto& subject : subjects) subject->round();  // warm
    for (const auto& subject : subjects) subject->forget();
    for (int round = 0; round < kRounds; ++round)
        for (const auto& subject : subjects) subject->round();
    for (const auto& subject : subjects) subject->print();
}
