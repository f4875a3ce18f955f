// Where translations stand among the rules: what a chain of type nat says of a flow's first packet, and what
// is done to each packet by it.

#include "services/filter/engine/engine.h"

namespace holm::filter {

using packet::Packet;
using packet::Verdict;

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

Verdict Engine::decide(NatSide side, Flow& flow, Passage& passage) {
    NatTarget target;
    bool usable = true;
    for (const std::uint32_t number : nat_chains_[std::size_t(passage.hook)]) {
        const Chain& chain = table_.chains()[number];
        if (!sees(chain, passage.packet)) continue;
        const Outcome outcome = evaluator_.run(chain, subject_of(passage), passage.now);
        if (outcome.kind == Outcome::Kind::kTranslate) {
            target = target_of(passage.hook, outcome, passage.packet, usable);
            break;
        }
        if (outcome.kind != Outcome::Kind::kAccept) {
            ++counters_.dropped;
            return Verdict::kDrop;
        }
    }
    if (usable && nat_.decide(passage.now, flow, side, target)) return Verdict::kAccept;
    ++counters_.untranslated;
    return Verdict::kDrop;
}

Verdict Engine::translate(Passage& passage) {
    Packet& packet = passage.packet;
    Flow* const flow = tracker_.flow_of(packet);
    if (flow == nullptr) return Verdict::kAccept;
    const NatSide side = passage.hook == Hook::kPrerouting || passage.hook == Hook::kOutput
                             ? NatSide::kDestination
                             : NatSide::kSource;
    if (is_undecided(side, packet, *flow) && decide(side, *flow, passage) != Verdict::kAccept)
        return Verdict::kDrop;
    passage.knows_flow = false;
    if (nat_.apply(packet, *flow, side)) return Verdict::kAccept;
    ++counters_.untranslated;
    return Verdict::kDrop;
}

}  // namespace holm::filter
