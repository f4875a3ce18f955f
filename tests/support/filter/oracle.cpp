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
#include "tests/support/filter/network.h"
#include "tests/support/filter/stream.h"
#include "tests/support/rules.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using packet::Packet;
using packet::Verdict;

namespace {

struct Output {
    std::size_t tap;
    Octets octets;
    bool own = false;  // the router's: an answer to what it rejected
};

constexpr IpAddress kInsideAddress = IpAddress::v4(10, 255, 0, 1),
                    kOutsideAddress = IpAddress::v4(198, 51, 100, 1);
constexpr IpAddress kInsideAddress6 = IpAddress::v6({0xfd, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
                    kOutsideAddress6 =
                        IpAddress::v6({0x20, 1, 0xd, 0xb8, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

// A router around the engine that does what Linux does in the namespace, and no more.
class Router final : public packet::HookHost {
  public:
    explicit Router(const CompiledRules& rules) {
        filter::EngineConfiguration configuration;
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

std::string hex(const Octets& octets) {
    std::string text;
    for (std::size_t i = 14; i < octets.size(); ++i) {
        char part[4];
        std::snprintf(part, sizeof part, "%02x", unsigned(octets[i]));
        text += part;
    }
    return text;
}

std::string describe(const std::vector<Output>& outputs) {
    std::string text;
    for (const Output& output : outputs)
        text += " [" + std::string(output.tap == 0 ? "inside " : "outside ") + hex(output.octets) + "]";
    return text.empty() ? " nothing" : text;
}

// An answer to what came out of the router goes back to where that came from.
Injection adapted(const Injection& injection, const std::optional<Output>& about) {
    Injection result = injection;
    if (!about) return result;
    Octets out = about->octets;
    const auto sent = Packet::parse(out, {});
    auto answer = Packet::parse(result.octets, {});
    if (!sent || !answer) return result;
    result.tap = about->tap;
    const bool icmp = answer->protocol() == packet::kIcmp || answer->protocol() == packet::kIcmpv6;
    if (icmp && sent->protocol() == answer->protocol() && answer->transport().size() == 8) {
        answer->set_source(sent->destination());
        answer->set_destination(sent->source());
        answer->set_icmp_identifier(sent->icmp_identifier());
    } else if (icmp) {
        const MutableBytes quoted = answer->transport().subspan(8);
        const IpAddress from = answer->source(), to = sent->source();
        Octets body(answer->transport().begin(), answer->transport().end());
        std::copy_n(sent->network().begin(), std::min(quoted.size(), sent->network().size()),
                    body.begin() + 8);
        result.octets = frame(from, to, answer->protocol(), body);
    } else {
        answer->set_source(sent->destination());
        answer->set_destination(sent->source());
        if (answer->has_ports() && sent->has_ports()) {
            answer->set_source_port(sent->destination_port());
            answer->set_destination_port(sent->source_port());
        }
    }
    return result;
}

// What a router may choose freely in packets of its own.
void blur(Octets& octets) {
    const bool is_v4 = octets[12] == std::byte{0x08};
    if (is_v4) {
        octets[15] = std::byte{0};                                            // type of service
        for (std::size_t i : {18, 19, 20, 24, 25}) octets[i] = std::byte{0};  // identification, DF, checksum
        put16(octets, 24, InternetChecksum{}.add(Bytes(octets).subspan(14, 20)).value());
    } else {
        for (std::size_t i : {14, 15, 16, 17}) octets[i] = std::byte{0};  // traffic class, flow label
    }
}

enum class Equality { kSame, kChosen, kDifferent };

// Translations choose ports and identifiers: those may differ, all else may not.
Equality compare(const Output& linux_one, const Output& ours, const Injection& for_linux,
                 const Injection& injection) {
    Octets a = linux_one.octets, b = ours.octets;
    if (linux_one.tap != ours.tap || a.size() < 34 || b.size() < 34) return Equality::kDifferent;
    if (ours.own) {
        blur(a);
        blur(b);
    }
    if (std::equal(a.begin() + 14, a.end(), b.begin() + 14, b.end())) return Equality::kSame;
    auto first = Packet::parse(a, {}), second = Packet::parse(b, {});
    if (!first || !second || first->network().size() != second->network().size()) return Equality::kDifferent;
    if (first->protocol() != second->protocol() || !first->has_transport() || !second->has_transport())
        return Equality::kDifferent;
    Octets original = injection.octets;
    const auto before = Packet::parse(original, {});
    if (!before || !before->has_transport()) return Equality::kDifferent;
    auto first_quoted = first->quoted(), second_quoted = second->quoted();
    if (first_quoted && second_quoted && first_quoted->has_ports() && second_quoted->has_ports()) {
        second_quoted->set_source_port(first_quoted->source_port());
        second_quoted->set_destination_port(first_quoted->destination_port());
    } else if (for_linux.octets != injection.octets) {
        // It was sent to what a translation had chosen, on each side.
        if (first->has_ports()) {
            second->set_source_port(first->source_port());
            second->set_destination_port(first->destination_port());
        } else {
            second->set_icmp_identifier(first->icmp_identifier());
        }
    } else if (first->has_ports()) {
        if (first->source_port() == before->source_port() || second->source_port() == before->source_port())
            return Equality::kDifferent;
        second->set_source_port(first->source_port());
    } else {
        if (first->icmp_identifier() == before->icmp_identifier() ||
            second->icmp_identifier() == before->icmp_identifier())
            return Equality::kDifferent;
        second->set_icmp_identifier(first->icmp_identifier());
    }
    return std::equal(a.begin() + 14, a.end(), b.begin() + 14, b.end()) ? Equality::kChosen
                                                                        : Equality::kDifferent;
}

struct Totals {
    std::size_t packets = 0, rule_sets = 0, forwarded = 0, answered = 0, chosen = 0, counters = 0,
                different = 0;
};

class Comparison {
  public:
    Comparison(const Options& options, TapNetwork& network) : options_(options), network_(network) {}

    // False: the two sides have parted, and what comes behind says nothing.
    bool run(std::uint32_t seed, Totals& totals) {
        Stream stream(seed);
        const std::string text = stream.rules();
        const CompiledRules rules(text);
        std::string error;
        const bool loaded = network_.load(text, error);
        if (!loaded || !rules.problem().empty()) {
            std::println("seed {}: rules are not understood; nft: {}; holm: {}\n{}", seed, error,
                         rules.problem(), text);
            return false;
        }
        ++totals.rule_sets;
        Router router(rules);
        std::vector<std::optional<Output>> linux_outputs, our_outputs;
        std::vector<Injection> history;
        for (std::size_t i = 0; i < options_.per_rule_set; ++i) {
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
            history.push_back(for_us);
            const auto now = std::chrono::steady_clock::now().time_since_epoch();
            const auto ours = router.receive(Instant::from_nanoseconds(std::chrono::nanoseconds(now).count()),
                                             for_us.tap, for_us.octets);
            // What the router says of its own accord is not answered: its quotes may differ where it chooses.
            const bool own = !ours.empty() && ours[0].own;
            linux_outputs.push_back(theirs.empty() || own ? std::nullopt : std::optional(theirs[0]));
            our_outputs.push_back(ours.empty() || own ? std::nullopt : std::optional(ours[0]));
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
                if (!compare_counters(seed, text, *router.engine, totals)) return false;
            }
            if (same) continue;
            std::println("seed {}, packet {}: from {} {}\n linux:{}\n holm: {}", seed, i,
                         for_us.tap == 0 ? "inside" : "outside", hex(for_us.octets), describe(theirs),
                         describe(ours));
            if (options_.verbose) {
                std::println(" holm's note: flow {:x}, state {}, reply {}", router.last_note.flow,
                             router.last_note.state, router.last_note.reply);
                print_history(history, for_us);
                std::println("{}", text);
            }
            ++totals.different;
            return false;
        }
        return compare_counters(seed, text, *router.engine, totals);
    }

  private:
    // What was said before between the same two, as far as it is TCP.
    static void print_history(const std::vector<Injection>& history, const Injection& last) {
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
            std::println("  {} {} {}", same ? "same way" : "back    ", ends(injection.octets), said);
        }
    }

    bool compare_counters(std::uint32_t seed, const std::string& text, const filter::Engine& engine,
                          Totals& totals) {
        const auto theirs = network_.counters();
        const auto ours = engine.rule_counters();
        if (theirs.size() != ours.size()) {
            std::println("seed {}: {} counters here, {} there\n{}", seed, ours.size(), theirs.size(), text);
            ++totals.different;
            return false;
        }
        for (std::size_t i = 0; i < ours.size(); ++i) {
            ++totals.counters;
            if (theirs[i] == std::pair(ours[i].packets, ours[i].bytes)) continue;
            const auto& entry = engine.table().counters()[i];
            std::println("seed {}: line {} \"{}\": linux {} packets {} bytes, holm {} packets {} bytes", seed,
                         entry.line, engine.table().string(entry.text), theirs[i].first, theirs[i].second,
                         ours[i].packets, ours[i].bytes);
            if (options_.verbose) std::println("{}", text);
            ++totals.different;
            return false;
        }
        return true;
    }

    const Options& options_;
    TapNetwork& network_;
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
        R"({{"packets":{},"rule_sets":{},"forwarded":{},"answered":{},"chosen":{},"counters":{},"different":{}}})",
        totals.packets, totals.rule_sets, totals.forwarded, totals.answered, totals.chosen, totals.counters,
        totals.different);
    return all ? 0 : 1;
}
