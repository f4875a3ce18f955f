#include "services/filter/engine/engine.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace holm::filter {

using packet::Packet;
using packet::Verdict;

namespace {

// Linux's places among the priorities of chains.
constexpr std::int32_t kTrackPriority = -200;
constexpr std::int32_t kDestinationPriority = -100;
constexpr std::int32_t kSourcePriority = 100;
constexpr std::int32_t kLast = 0x7fffffff;

bool asks_for_flow(Field field) {
    return field >= Field::kCtState && field <= Field::kCtDirection;
}

}  // namespace

Engine::Engine(const Table& table, packet::HookHost& host, const EngineConfiguration& configuration)
    : table_(table),
      host_(host),
      evaluator_(table),
      tracker_(configuration.tracker),
      nat_(tracker_, configuration.key),
      answers_(configuration.answers, configuration.answers_at_once) {
    find_needs();
    plan();
}

void Engine::find_needs() {
    for (const Chain& chain : table_.chains()) {
        bool needs = chain.hook != Hook::kNone && chain.type == ChainType::kNat;
        has_nat_ = has_nat_ || needs;
        for (std::uint32_t at = chain.begin; at < chain.end && !needs; ++at) {
            const Operation& operation = table_.operations()[at];
            needs = asks_for_flow(operation.field) || operation.code == Code::kSetCtMark ||
                    operation.code == Code::kNotrack;
            if (operation.code == Code::kMember || operation.code == Code::kDispatch) {
                const Set& set = table_.sets()[operation.index];
                needs = needs || std::any_of(set.key.begin(), set.key.begin() + set.fields, asks_for_flow);
            }
        }
        if (!needs) continue;
        if (chain.family != TableFamily::kIpv6) tracks_[0] = true;
        if (chain.family != TableFamily::kIpv4) tracks_[1] = true;
    }
}

void Engine::plan() {
    for (std::uint32_t i = 0; i < table_.chains().size(); ++i) {
        const Chain& chain = table_.chains()[i];
        if (chain.hook == Hook::kNone) continue;
        const auto hook = std::size_t(chain.hook);
        if (chain.type == ChainType::kNat)
            nat_chains_[hook].push_back(i);
        else
            steps_[hook].push_back({Action::kChain, i, chain.priority});
    }
    const auto add = [&](Hook hook, Action action, std::int32_t priority) {
        steps_[std::size_t(hook)].push_back({action, 0, priority});
    };
    if (tracks_[0] || tracks_[1]) {
        for (const Hook hook : {Hook::kPrerouting, Hook::kOutput}) add(hook, Action::kTrack, kTrackPriority);
        for (const Hook hook : {Hook::kInput, Hook::kPostrouting}) add(hook, Action::kConfirm, kLast);
    }
    if (has_nat_) {
        for (const Hook hook : {Hook::kPrerouting, Hook::kOutput})
            add(hook, Action::kNat, kDestinationPriority);
        for (const Hook hook : {Hook::kInput, Hook::kPostrouting}) add(hook, Action::kNat, kSourcePriority);
    }
    for (std::size_t hook = 0; hook < kHooks; ++hook) {
        std::ranges::stable_sort(steps_[hook], [](const Step& a, const Step& b) {
            return a.priority != b.priority ? a.priority < b.priority : a.action < b.action;
        });
        std::ranges::stable_sort(nat_chains_[hook], {},
                                 [&](std::uint32_t chain) { return table_.chains()[chain].priority; });
    }
}

bool Engine::name_interface(std::uint16_t number, std::string_view name) {
    if (number == 0 || number >= kInterfaces) return false;
    Name& entry = names_[number];
    entry = {};
    std::size_t patterns = 0;
    for (std::size_t i = 0; i < table_.interfaces().size(); ++i) {
        const InterfaceName& known = table_.interfaces()[i];
        const std::string_view text = table_.string(known.name);
        if (known.is_pattern != 0) {
            if (name.starts_with(text)) entry.patterns |= std::uint64_t{1} << patterns;
            ++patterns;
        } else if (name == text) {
            entry.number = std::uint16_t(i + 1);
        }
    }
    return true;
}

void Engine::name_interfaces(Hook hook, Subject& subject) const {
    const Packet& packet = subject.packet;
    const auto name = [&](std::uint16_t number, std::size_t place) {
        if (number == 0) return;
        const Name known = number < kInterfaces ? names_[number] : Name{};
        subject.interfaces[place] = known.number;
        subject.interfaces[place + 2] = known.patterns;
    };
    // A packet has passed its way in by the time it leaves, but rules of postrouting may ask all the same.
    if (hook != Hook::kOutput) name(packet.in_interface, 0);
    if (hook != Hook::kPrerouting && hook != Hook::kInput) name(packet.out_interface, 1);
}

// What rules see is put together when a rule is asked: most packets of a flow are not asked about at every
// hook.
Subject& Engine::subject_of(Passage& passage) {
    if (!passage.subject) name_interfaces(passage.hook, passage.subject.emplace(passage.packet));
    Subject& subject = *passage.subject;
    if (std::exchange(passage.knows_flow, true)) return subject;
    const packet::FlowNote& note = passage.packet.note;
    subject.state = note.state != 0 ? note.state : kStateInvalid;
    subject.reply = note.reply;
    Flow* flow = tracker_.flow_of(passage.packet);
    subject.status = flow != nullptr ? flow->status : 0;
    subject.connection_mark = flow != nullptr ? &flow->mark : nullptr;
    return subject;
}

Verdict Engine::run_chain(const Chain& chain, Passage& passage) {
    Subject& subject = subject_of(passage);
    const Outcome outcome = evaluator_.run(chain, subject, passage.now);
    if (subject.notrack) {
        subject.notrack = false;
        // Behind connection tracking it is for what has no connection: that is not invalid any more.
        if (passage.packet.note.flow == packet::FlowNote::kNone) tracker_.leave_alone(passage.packet);
    }
    if (outcome.kind == Outcome::Kind::kReject) {
        ++counters_.rejected;
        reject(passage.hook, passage.now, passage.packet, table_.rejections()[outcome.index]);
        return Verdict::kDrop;
    }
    if (outcome.kind != Outcome::Kind::kDrop) return Verdict::kAccept;
    ++counters_.dropped;
    return Verdict::kDrop;
}

Verdict Engine::run(Hook hook, Instant now, Packet& packet) {
    const auto& steps = steps_[std::size_t(hook)];
    if (steps.empty()) return Verdict::kAccept;
    const bool tracks = tracks_[packet.is_v4() ? 0 : 1];
    Passage passage{hook, now, packet, std::nullopt, false};
    for (const Step& step : steps) {
        switch (step.action) {
            case Action::kTrack:
                // What a rule has exempted, and what the filter itself sends, has its note already.
                if (!tracks || packet.note.state != 0) break;
                tracker_.track(now, packet, hook == Hook::kPrerouting);
                passage.knows_flow = false;
                break;
            case Action::kNat:
                if (tracks && translate(passage) != Verdict::kAccept) return Verdict::kDrop;
                break;
            case Action::kChain: {
                const Chain& chain = table_.chains()[step.chain];
                if (!sees(chain, packet)) break;
                if (const Verdict verdict = run_chain(chain, passage); verdict != Verdict::kAccept)
                    return verdict;
                break;
            }
            case Action::kConfirm:
                if (tracks && !tracker_.confirm(now, packet)) {
                    ++counters_.unconfirmed;
                    return Verdict::kDrop;
                }
                break;
        }
    }
    return Verdict::kAccept;
}

Verdict Engine::prerouting(Instant now, Packet& packet) {
    packet.note = {};
    if (packet.is_fragment() && tracks_[packet.is_v4() ? 0 : 1]) {
        if (defragmenter_.add(now, packet) == Defragmenter::Result::kWaiting) {
            ++counters_.fragments;
            return Verdict::kStolen;
        }
    }
    return run(Hook::kPrerouting, now, packet);
}

Verdict Engine::input(Instant now, Packet& packet) {
    return run(Hook::kInput, now, packet);
}

Verdict Engine::forward(Instant now, Packet& packet) {
    return run(Hook::kForward, now, packet);
}

Verdict Engine::output(Instant now, Packet& packet) {
    return run(Hook::kOutput, now, packet);
}

Verdict Engine::postrouting(Instant now, Packet& packet) {
    return run(Hook::kPostrouting, now, packet);
}

Instant Engine::next_deadline() const {
    return std::min(tracker_.flows().next_sweep(), defragmenter_.next_deadline());
}

void Engine::expire(Instant now) {
    tracker_.sweep(now);
    defragmenter_.expire(now);
}

}  // namespace holm::filter
