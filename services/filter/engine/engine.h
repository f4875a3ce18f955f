#pragma once

// The filter of a router: the base chains of a compiled rule set at the five hooks, in the order of their
// priorities, with connection tracking and translation where Linux has them among them (docs/firewall.md).
// Tracking is there for a family whose rules ask about it; others pay nothing.

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/token_bucket.h"
#include "services/filter/engine/evaluator.h"
#include "services/filter/track/defragmenter.h"
#include "services/filter/track/nat.h"
#include "services/packet/hooks.h"

namespace holm::filter {

struct EngineConfiguration {
    TrackerConfiguration tracker;
    SipHashKey key;  // unpredictable: ports and addresses of translations
    // ICMP errors and resets a second, and at once: as Linux's icmp_msgs_per_sec and icmp_msgs_burst.
    std::int64_t answers = 1000;
    std::int64_t answers_at_once = 50;
};

struct EngineCounters {
    std::uint64_t dropped = 0;       // by a rule or a policy
    std::uint64_t rejected = 0;      // and its sender told
    std::uint64_t untold = 0;        // of those: not told, beyond the rate of answers
    std::uint64_t fragments = 0;     // taken in to be put together, or refused
    std::uint64_t unconfirmed = 0;   // dropped: no room for the flow, or none for its answers
    std::uint64_t untranslated = 0;  // dropped: no port or address, or an error that cannot be translated
};

// Why a packet has ended here. Each has its own reasons only: together they are all that was dropped.
enum class Drop : std::uint8_t {
    kRule,          // a rule or a policy said so
    kRejected,      // so too, and its sender was told, or would have been
    kRulesTooLong,  // it met more rules than Evaluator::kSteps
    kTableFull,     // of flows, and none of them could give way
    kFlowClash,     // its answers could not be told apart from those of another flow
    kPortsExhausted,
    kNoAddress,     // to translate to: the interface has none
    kUntranslated,  // a redirect across a translation, a target that is not of the packet's family
    kOverlap,       // fragments that overlap, or come of a datagram of which some did
    kFragmentRoom,  // datagrams given up for others
    kFragmentTime,  // datagrams of which not all fragments came in time
    kBadFragment,   // a length or header that no datagram has
    kCount,
};
inline constexpr std::size_t kDrops = std::size_t(Drop::kCount);
// For metrics: the reason in snake_case.
std::string_view to_string(Drop reason);

class Engine final : public packet::Hooks {
  public:
    // Interfaces that rules can tell apart, by number from 1.
    static constexpr std::size_t kInterfaces = 256;

    // Table and host outlive the engine.
    Engine(const Table& table, packet::HookHost& host, const EngineConfiguration& configuration);

    // What an interface is called in the rules. Errors: false for a number that is out of range.
    bool name_interface(std::uint16_t number, std::string_view name);
    void set_log(LogSink* sink) { evaluator_.set_log(sink); }

    packet::Verdict prerouting(Instant now, packet::Packet& packet) override;
    packet::Verdict input(Instant now, packet::Packet& packet) override;
    packet::Verdict forward(Instant now, packet::Packet& packet) override;
    packet::Verdict output(Instant now, packet::Packet& packet) override;
    packet::Verdict postrouting(Instant now, packet::Packet& packet) override;
    Instant next_deadline() const override;
    void expire(Instant now) override;

    const Table& table() const { return table_; }
    // One for each counter of the table, in its order.
    std::span<const RuleCounter> rule_counters() const { return evaluator_.counters(); }
    const EngineCounters& counters() const { return counters_; }
    std::uint64_t drops(Drop reason) const;
    const NatCounters& nat_counters() const { return nat_.counters(); }
    const Tracker& tracker() const { return tracker_; }
    const Evaluator& evaluator() const { return evaluator_; }
    const Defragmenter& defragmenter() const { return defragmenter_; }

  private:
    enum class Action : std::uint8_t { kTrack, kNat, kChain, kConfirm };
    struct Step {
        Action action;
        std::uint32_t chain = 0;
        std::int32_t priority = 0;
    };
    // A packet at one hook, and what rules see of it once one has been asked.
    struct Passage {
        Hook hook;
        Instant now;
        packet::Packet& packet;
        std::optional<Subject> subject;
        bool knows_flow = false;
    };
    struct Name {
        std::uint16_t number = kOtherInterface;
        std::uint64_t patterns = 0;
    };

    void find_needs();
    void plan();
    packet::Verdict run(Hook hook, Instant now, packet::Packet& packet);
    packet::Verdict run_chain(const Chain& chain, Passage& passage);
    // Whether nothing has been said yet about where the flow of this packet is to go, or to come from.
    bool is_undecided(NatSide side, const packet::Packet& packet, const Flow& flow) const;
    packet::Verdict decide(NatSide side, Flow& flow, Passage& passage);
    packet::Verdict translate(Passage& passage);
    Subject& subject_of(Passage& passage);
    void name_interfaces(Hook hook, Subject& subject) const;
    NatTarget target_of(Hook hook, const Outcome& outcome, const packet::Packet& packet, bool& usable);
    void reject(Hook hook, Instant now, const packet::Packet& packet, const RejectEntry& entry);
    bool sees(const Chain& chain, const packet::Packet& packet) const {
        return chain.family == TableFamily::kInet || (chain.family == TableFamily::kIpv4) == packet.is_v4();
    }

    const Table& table_;
    packet::HookHost& host_;
    Evaluator evaluator_;
    Tracker tracker_;
    Nat nat_;
    Defragmenter defragmenter_;
    TokenBucket answers_;
    std::array<std::vector<Step>, kHooks> steps_;
    std::array<std::vector<std::uint32_t>, kHooks> nat_chains_;
    std::array<Name, kInterfaces> names_;
    std::array<bool, 2> tracks_{};  // IPv4, IPv6
    bool has_nat_ = false;
    EngineCounters counters_;
};

}  // namespace holm::filter
