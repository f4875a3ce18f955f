// The same rules and the same packets through Linux's nftables and through services/filter: what comes out,
// where, rewritten how, and what the rules have counted is compared, packet by packet.
//
//   filter-oracle [--packets N] [--seed N] [--per-rule-set N] [--verbose] [--step FROM]

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <format>
#include <optional>
#include <print>
#include <string>

#include "services/filter/engine/engine.h"
#include "tests/support/filter/chance.h"
#include "tests/support/filter/equality.h"
#include "tests/support/filter/network.h"
#include "tests/support/filter/stream.h"
#include "tests/support/rules.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using packet::Packet;
using packet::Verdict;

namespace {

constexpr IpAddress kInsideAddress = IpAddress::v4(10, 255, 0, 1),
                    kOutsideAddress = IpAddress::v4(198, 51, 100, 1);
constexpr IpAddress kInsideAddress6 = IpAddress::v6({0xfd, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
                    kOutsideAddress6 =
                        IpAddress::v6({0x20, 1, 0xd, 0xb8, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

// A router around the engine that does what Linux does in the namespace, and no more.
class Router final : public packet::HookHost {
  public:
    Router(const CompiledRules& rules, const SipHashKey& key) {
        filter::EngineConfiguration configuration;
        configuration.key = key;
        configuration.answers = 1'000'000;
        configuration.answers_at_once = 1'000'000;
        engine = std::make_unique<filter::Engine>(rules.table(), *this, configuration);
        engine->name_interface(1, "inside");
        engine->name_interface(2, "outside");
    }

    void send(Instant, Bytes ip_packet, const packet::FlowNote& note) override {
        Octets octets(14);
        octets[12] = std::uint8_t(ip_packet[0]) >> 4U == 4 ? std::byte{0x08} : std::byte{0x86};
        octets[13] = octets[12] == std::byte{0x08} ? std::byte{0} : std::byte{0xdd};
        append(octets, ip_packet);
        waiting_.emplace_back(std::move(octets), note);
    }
    IpAddress address_of(std::uint16_t interface, packet::Family family) const override {
        if (family == packet::Family::kIpv4) return interface == 1 ? kInsideAddress : kOutsideAddress;
        return interface == 1 ? kInsideAddress6 : kOutsideAddress6;
    }

    std::vector<Output> receive(Instant now, std::size_t tap, Octets octets) {
        std::vector<Output> outputs;
        forward(now, tap, octets, outputs);
        for (auto& [answer, note] : waiting_) {
            auto packet = Packet::parse(answer, {});
            if (!packet) continue;
            packet->note = note;
            packet->out_interface = std::uint16_t(way_of(packet->destination()) + 1);
            if (engine->output(now, *packet) != Verdict::kAccept) continue;
            if (engine->postrouting(now, *packet) != Verdict::kAccept) continue;
            outputs.push_back({way_of(packet->destination()), answer, true});
        }
        waiting_.clear();
        return outputs;
    }

    std::unique_ptr<filter::Engine> engine;
    packet::FlowNote last_note;

  private:
    static std::size_t way_of(const IpAddress& destination) {
        return (destination.is_v4() ? destination.bytes()[12] == 10 : destination.bytes()[0] == 0xfd) ? 0 : 1;
    }

    void forward(Instant now, std::size_t tap, Octets& octets, std::vector<Output>& outputs) {
        auto packet = Packet::parse(octets, {});
        if (!packet) return;
        packet->in_interface = std::uint16_t(tap + 1);
        if (engine->prerouting(now, *packet) != Verdict::kAccept) return;
        last_note = packet->note;
        const IpAddress destination = packet->destination();
        if (destination == kInsideAddress || destination == kOutsideAddress ||
            destination == kInsideAddress6 || destination == kOutsideAddress6) {
            static_cast<void>(engine->input(now, *packet));
            return;
        }
        if (packet->hop_limit() <= 1) return;
        packet->decrement_hop_limit();
        packet->out_interface = std::uint16_t(way_of(destination) + 1);
        if (engine->forward(now, *packet) != Verdict::kAccept) return;
        if (engine->postrouting(now, *packet) != Verdict::kAccept) return;
        outputs.push_back({way_of(destination), Octets(packet->frame().begin(), packet->frame().end())});
    }

    std::vector<std::pair<Octets, packet::FlowNote>> waiting_;
};

struct Options {
    std::size_t packets = 50'000;
    std::size_t per_rule_set = 2'000;
    std::uint32_t seed = 1;
    bool verbose = false;
    std::size_t step = ~std::size_t{
        0};  // from this packet on, compare counters behind each packet: slow, for looking into differences
};

struct Totals {
    std::size_t packets = 0, rule_sets = 0, forwarded = 0, answered = 0, chosen = 0, counters = 0,
                different = 0, again = 0;
};

class Comparison {
  public:
    Comparison(const Options& options, TapNetwork& network) : options_(options), network_(network) {}

    // False: the two sides have parted, and what comes behind says nothing.
    bool run(std::uint32_t seed, Totals& totals) {
        std::size_t limit = options_.per_rule_set;
        for (unsigned attempt = 1;; ++attempt) {
            report_.clear();
            Totals counted = totals;
            const End end = run_once(seed, limit, attempt, counted);
            if (end == End::kLate) {
                limit = std::max<std::size_t>(1, limit / 2);
            } else if (end != End::kParted || attempt >= kAttempts || !by_chance_) {
                if (end != End::kSame) ++counted.different;
                totals = counted;
                std::print("{}", report_);
                return end == End::kSame;
            }
            ++totals.again;
        }
    }

  private:
    // Linux counts time by the clock: behind this, datagrams that go to and fro are a stream there. All its
    // other times are longer. Here no time passes at all.
    static constexpr std::chrono::milliseconds kOneMoment{1900};
    // Two sides that choose ports by chance may part by chance, but not each time.
    static constexpr unsigned kAttempts = 5;

    enum class End {
        kSame,
        kParted,
        kLate,  // the machine was too slow: what Linux said may be due to the time
    };

    template <class... Arguments>
    void say(std::format_string<Arguments...> text, Arguments&&... arguments) {
        report_ += std::format(text, std::forward<Arguments>(arguments)...) + "\n";
    }

    End run_once(std::uint32_t seed, std::size_t limit, unsigned attempt, Totals& totals) {
        Stream stream(seed);
        const std::string text = stream.rules();
        const CompiledRules rules(text);
        std::string error;
        const bool loaded = network_.load(text, error);
        by_chance_ = false;
        if (!loaded || !rules.problem().empty()) {
            say("seed {}: rules are not understood; nft: {}; holm: {}\n{}", seed, error, rules.problem(),
                text);
            return End::kParted;
        }
        ++totals.rule_sets;
        Router router(rules, {seed, attempt});
        ChosenPorts linux_ports, our_ports;
        std::vector<std::optional<Output>> linux_outputs, our_outputs;
        std::vector<Injection> history;
        Instant now = Instant::from_nanoseconds(1'000'000'000);
        const auto begin = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < limit; ++i) {
            const Injection injection = stream.next();
            const bool answers = injection.answers != ~std::size_t{0};
            const Injection for_linux =
                adapted(injection, answers ? linux_outputs[injection.answers] : std::nullopt);
            const Injection for_us =
                adapted(injection, answers ? our_outputs[injection.answers] : std::nullopt);
            network_.write(for_linux.tap, for_linux.octets);
            std::vector<Output> theirs;
            for (std::size_t tap = 0; tap < 2; ++tap)
                while (auto octets = network_.read(tap)) theirs.push_back({tap, std::move(*octets)});
            if (options_.step > limit && std::chrono::steady_clock::now() - begin > kOneMoment)
                return End::kLate;
            history.push_back(for_us);
            now = now + Duration::microseconds(1);
            const auto ours = router.receive(now, for_us.tap, for_us.octets);
            // What the router says of its own accord is not answered: its quotes may differ where it chooses.
            const bool own = !ours.empty() && ours[0].own;
            linux_outputs.push_back(theirs.empty() || own ? std::nullopt : std::optional(theirs[0]));
            our_outputs.push_back(ours.empty() || own ? std::nullopt : std::optional(ours[0]));
            if (!answers && linux_outputs[i]) linux_ports.note(injection.octets, linux_outputs[i]->octets);
            if (!answers && our_outputs[i]) our_ports.note(injection.octets, our_outputs[i]->octets);
            by_chance_ = linux_ports.met() || our_ports.met();
            ++totals.packets;
            bool same = theirs.size() == ours.size();
            for (std::size_t k = 0; same && k < ours.size(); ++k) {
                const Equality equality = compare(theirs[k], ours[k], for_linux, for_us);
                same = equality != Equality::kDifferent;
                totals.chosen += equality == Equality::kChosen ? 1 : 0;
                ++(ours[k].own ? totals.answered : totals.forwarded);
            }
            if (same && i >= options_.step) {
                std::println("{} {} {}", i, for_us.tap, hex(for_us.octets).substr(0, 120));
                if (!compare_counters(seed, text, *router.engine, totals)) {
                    if (options_.verbose) tell_history(history, for_us);
                    return End::kParted;
                }
            }
            if (same) continue;
            say("seed {}, packet {}: from {} {}\n linux:{}\n holm: {}", seed, i,
                for_us.tap == 0 ? "inside" : "outside", hex(for_us.octets), describe(theirs), describe(ours));
            if (options_.verbose) {
                say(" holm's note: flow {:x}, state {}, reply {}", router.last_note.flow,
                    router.last_note.state, router.last_note.reply);
                tell_history(history, for_us);
                say("{}", text);
            }
            return End::kParted;
        }
        return compare_counters(seed, text, *router.engine, totals) ? End::kSame : End::kParted;
    }

    // What was said before between the same two, as far as it is TCP.
    void tell_history(const std::vector<Injection>& history, const Injection& last) {
        const auto ends = [](Octets octets) {
            const auto packet = Packet::parse(octets, {});
            if (!packet || packet->protocol() != packet::kTcp || packet->transport().size() < 20)
                return std::string();
            const auto number = [&](std::size_t at) {
                std::uint32_t value = 0;
                for (std::size_t i = 0; i < 4; ++i)
                    value = value << 8 | std::uint32_t(packet->transport()[at + i]);
                return value;
            };
            return std::format("{} > {} flags {:02x} seq {} ack {} size {} checksum {}",
                               packet->source_port(), packet->destination_port(), packet->tcp_flags(),
                               number(4), number(8), packet->transport().size() - 20,
                               packet->transport_checksum_ok());
        };
        Octets octets = last.octets;
        auto packet = Packet::parse(octets, {});
        if (!packet || !packet->has_ports()) return;
        // What a tracker of their own says to each.
        filter::TcpTracker tracker;
        bool open = false, answered = false, assured = false, first_way = false;
        for (const Injection& injection : history) {
            Octets other = injection.octets;
            auto before = Packet::parse(other, {});
            if (!before || !before->has_ports()) continue;
            const bool same = before->source_port() == packet->source_port() &&
                              before->destination_port() == packet->destination_port();
            const bool back = before->source_port() == packet->destination_port() &&
                              before->destination_port() == packet->source_port();
            if (!same && !back) continue;
            std::string said;
            if (const auto segment = filter::TcpSegment::parse(*before);
                segment && before->transport_checksum_ok()) {
                if (!open) {
                    open = tracker.open(*segment);
                    first_way = same;
                }
                const auto answer = tracker.receive(*segment, same != first_way, answered, assured, false);
                answered = answered || (same != first_way && answer < filter::TcpTracker::Answer::kInvalid);
                assured = assured || tracker.becomes_assured();
                said = std::format("answer {}, state {}{}", int(answer), int(tracker.state()),
                                   assured ? ", assured" : "");
            }
            say("  {} {} {}", same ? "same way" : "back    ", ends(injection.octets), said);
        }
    }

    bool compare_counters(std::uint32_t seed, const std::string& text, const filter::Engine& engine,
                          Totals& totals) {
        const auto theirs = network_.counters();
        const auto ours = engine.rule_counters();
        if (theirs.size() != ours.size()) {
            say("seed {}: {} counters here, {} there\n{}", seed, ours.size(), theirs.size(), text);
            return false;
        }
        for (std::size_t i = 0; i < ours.size(); ++i) {
            ++totals.counters;
            if (theirs[i] == std::pair(ours[i].packets, ours[i].bytes)) continue;
            const auto& entry = engine.table().counters()[i];
            say("seed {}: line {} \"{}\": linux {} packets {} bytes, holm {} packets {} bytes", seed,
                entry.line, engine.table().string(entry.text), theirs[i].first, theirs[i].second,
                ours[i].packets, ours[i].bytes);
            if (options_.verbose) say("{}", text);
            return false;
        }
        return true;
    }

    const Options& options_;
    TapNetwork& network_;
    std::string report_;
    bool by_chance_ = false;  // two senders have met at a port that was chosen for one of them
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto number = [&] { return i + 1 < argc ? std::strtoul(argv[++i], nullptr, 10) : 0UL; };
        if (word == "--packets")
            options.packets = number();
        else if (word == "--per-rule-set")
            options.per_rule_set = std::max(1UL, number());
        else if (word == "--seed")
            options.seed = std::uint32_t(number());
        else if (word == "--verbose")
            options.verbose = true;
        else if (word == "--step")
            options.step = number();
        else
            return std::println(
                       stderr,
                       "filter-oracle [--packets N] [--seed N] [--per-rule-set N] [--verbose] [--step FROM]"),
                   2;
    }
    TapNetwork network;
    if (!network.create()) {
        std::println(stderr, "filter-oracle: this user may not make a network namespace with taps");
        return 77;
    }
    Totals totals;
    Comparison comparison(options, network);
    bool all = true;
    for (std::uint32_t seed = options.seed; totals.packets < options.packets; ++seed) {
        all = comparison.run(seed, totals) && all;
        if (totals.different >= 20 || totals.rule_sets == 0) break;
    }
    std::println(
        R"({{"packets":{},"rule_sets":{},"forwarded":{},"answered":{},"chosen":{},"counters":{},"different":{},"again":{}}})",
        totals.packets, totals.rule_sets, totals.forwarded, totals.answered, totals.chosen, totals.counters,
        totals.different, totals.again);
    return all ? 0 : 1;
}
