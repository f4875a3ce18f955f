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

void Engine::set_flow(Subject& subject) {
    const Packet& packet = subject.packet;
    subject.state = packet.note.state != 0 ? packet.note.state : kStateInvalid;
    subject.reply = packet.note.reply;
    Flow* flow = tracker_.flow_of(packet);
    subject.status = flow != nullptr ? flow->status : 0;
    subject.connection_mark = flow != nullptr ? &flow->mark : nullptr;
}

Verdict Engine::run_chain(Hook hook, const Chain& chain, Instant now, Subject& subject) {
    const Outcome outcome = evaluator_.run(chain, subject, now);
    if (subject.notrack) {
        subject.notrack = false;
        // Behind connection tracking it is for what has no connection: that is not invalid any more.
        if (subject.packet.note.flow == packet::FlowNote::kNone) tracker_.leave_alone(subject.packet);
    }
    if (outcome.kind == Outcome::Kind::kReject) {
        ++counters_.rejected;
        reject(hook, now, subject.packet, table_.rejections()[outcome.index]);
        return Verdict::kDrop;
    }
    if (outcome.kind != Outcome::Kind::kDrop) return Verdict::kAccept;
    ++counters_.dropped;
    return Verdict::kDrop;
}

NatTarget Engine::target_of(Hook hook, const Outcome& outcome, const Packet& packet, bool& usable) {
    const NatEntry& entry = table_.translations()[outcome.index];
    NatTarget target{.has_address = entry.has_address != 0,
                     .has_port = entry.has_port != 0,
                     .random = entry.random != 0,
                     .persistent = entry.persistent != 0,
                     .port_low = entry.port_low,
                     .port_high = entry.port_high};
    const auto address = [&](const std::array<std::uint8_t, 16>& bytes, std::size_t at) {
        return packet.is_v4() ? net::IpAddress::v4(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3])
                              : net::IpAddress::v6(bytes);
    };
    usable = entry.family == 0 || (entry.family == 4) == packet.is_v4();
    switch (entry.kind) {
        case NatKind::kMasquerade:
        case NatKind::kRedirect: {
            const std::uint16_t interface =
                hook == Hook::kPrerouting ? packet.in_interface : packet.out_interface;
            target.has_address = true;
            target.low = target.high = host_.address_of(interface, packet.family());
            if (hook == Hook::kOutput)
                target.low = target.high =
                    packet.is_v4() ? net::IpAddress::v4(127, 0, 0, 1) : net::IpAddress::loopback_v6();
            if (target.low.is_unspecified()) {
                ++nat_.counters().no_address;
                usable = false;
            }
            break;
        }
        case NatKind::kSource:
        case NatKind::kDestination:
            if (entry.map != kNoSet) {
                const std::size_t needed = std::size_t{outcome.value} + (target.has_port ? 2 : 1);
                if (outcome.value == kMiss || needed > table_.constants().size()) {
                    usable = false;
                    break;
                }
                // An IPv4 address lies in the last four bytes.
                const auto& bytes = table_.constants()[outcome.value].bytes;
                target.low = target.high = address(bytes, packet.is_v4() ? 12 : 0);
                if (target.has_port) {
                    const auto& port = table_.constants()[outcome.value + 1].bytes;
                    target.port_low = target.port_high = std::uint16_t(port[0] << 8 | port[1]);
                }
            } else if (target.has_address) {
                target.low = address(entry.address_low, 0);
                target.high = address(entry.address_high, 0);
            }
            break;
    }
    if (target.has_address && (target.low.is_v4() != packet.is_v4() || target.high < target.low))
        usable = false;
    return target;
}

bool Engine::is_undecided(NatSide side, const Packet& packet, const Flow& flow) const {
    const bool done = side == NatSide::kSource ? flow.source_done : flow.destination_done;
    // A reset that answers what was rejected belongs to a flow that nothing has been decided about: it is
    // asked for what would have been done, as Linux does.
    const bool first =
        packet.note.state == kStateNew || (packet.note.state == kStateRelated && packet.has_ports());
    return !done && first && tracker_.is_candidate(flow);
}

Verdict Engine::decide(Hook hook, NatSide side, Instant now, Subject& subject, Flow& flow) {
    NatTarget target;
    bool usable = true;
    for (const std::uint32_t number : nat_chains_[std::size_t(hook)]) {
        const Chain& chain = table_.chains()[number];
        if (!sees(chain, subject.packet)) continue;
        const Outcome outcome = evaluator_.run(chain, subject, now);
        if (outcome.kind == Outcome::Kind::kTranslate) {
            target = target_of(hook, outcome, subject.packet, usable);
            break;
        }
        if (outcome.kind != Outcome::Kind::kAccept) {
            ++counters_.dropped;
            return Verdict::kDrop;
        }
    }
    if (usable && nat_.decide(now, flow, side, target)) return Verdict::kAccept;
    ++counters_.untranslated;
    return Verdict::kDrop;
}

Subject Engine::subject_of(Hook hook, Packet& packet) {
    Subject subject(packet);
    const auto name = [&](std::uint16_t number) -> Name {
        return number == 0 ? Name{0, 0} : number < kInterfaces ? names_[number] : Name{};
    };
    // A packet has passed its way in by the time it leaves, but rules of postrouting may ask all the same.
    const Name in = name(hook == Hook::kOutput ? std::uint16_t{0} : packet.in_interface);
    const Name out =
        name(hook == Hook::kPrerouting || hook == Hook::kInput ? std::uint16_t{0} : packet.out_interface);
    subject.in_interface = in.number;
    subject.in_patterns = in.patterns;
    subject.out_interface = out.number;
    subject.out_patterns = out.patterns;
    return subject;
}

Verdict Engine::run(Hook hook, Instant now, Packet& packet) {
    const auto& steps = steps_[std::size_t(hook)];
    if (steps.empty()) return Verdict::kAccept;
    const bool tracks = tracks_[packet.is_v4() ? 0 : 1];
    // What rules see is put together when a rule is asked: most packets of a flow are not asked about at
    // every hook.
    std::optional<Subject> subject;
    bool has_flow = false;
    const auto ready = [&]() -> Subject& {
        if (!subject) subject.emplace(subject_of(hook, packet));
        if (!std::exchange(has_flow, true)) set_flow(*subject);
        return *subject;
    };
    for (const Step& step : steps) {
        switch (step.action) {
            case Action::kTrack:
                // What a rule has exempted, and what the filter itself sends, has its note already.
                if (!tracks || packet.note.state != 0) break;
                tracker_.track(now, packet, hook == Hook::kPrerouting);
                has_flow = false;
                break;
            case Action::kNat: {
                Flow* const flow = tracks ? tracker_.flow_of(packet) : nullptr;
                if (flow == nullptr) break;
                const NatSide side = hook == Hook::kPrerouting || hook == Hook::kOutput
                                         ? NatSide::kDestination
                                         : NatSide::kSource;
                if (is_undecided(side, packet, *flow) &&
                    decide(hook, side, now, ready(), *flow) != Verdict::kAccept)
                    return Verdict::kDrop;
                if (!nat_.apply(packet, *flow, side)) {
                    ++counters_.untranslated;
                    return Verdict::kDrop;
                }
                has_flow = false;
                break;
            }
            case Action::kChain: {
                const Chain& chain = table_.chains()[step.chain];
                if (!sees(chain, packet)) break;
                if (const Verdict verdict = run_chain(hook, chain, now, ready()); verdict != Verdict::kAccept)
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
