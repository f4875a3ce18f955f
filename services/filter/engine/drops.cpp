// Why packets have ended here, put together from those who count: each knows its own part.

#include <array>

#include "services/filter/engine/engine.h"

namespace holm::filter {

std::string_view to_string(Drop reason) {
    static constexpr std::array<std::string_view, kDrops> kNames{
        "rule",          "rejected",          "rules_too_long", "flow_table_full",  "flow_clash",
        "nat_no_port",   "nat_no_address",    "not_translated", "fragment_overlap", "fragment_no_room",
        "fragment_time", "fragment_malformed"};
    static_assert(!kNames.back().empty());
    return kNames[std::size_t(reason)];
}

std::uint64_t Engine::drops(Drop reason) const {
    const NatCounters& nat = nat_.counters();
    const FlowTable::Counters& flows = tracker_.flows().counters();
    const net::Counters& fragments = defragmenter_.counters();
    const auto of = [&](net::Drop why) { return fragments.drops[std::size_t(why)]; };
    switch (reason) {
        case Drop::kRule:
            return counters_.dropped - evaluator_.exhausted();
        case Drop::kRejected:
            return counters_.rejected;
        case Drop::kRulesTooLong:
            return evaluator_.exhausted();
        case Drop::kTableFull:
            return flows.full;
        case Drop::kFlowClash:
            return flows.clashes;
        case Drop::kPortsExhausted:
            return nat.exhausted;
        case Drop::kNoAddress:
            return nat.no_address;
        case Drop::kUntranslated:
            return counters_.untranslated - nat.exhausted - nat.no_address;
        case Drop::kOverlap:
            return of(net::Drop::kOverlap);
        case Drop::kFragmentRoom:
            return of(net::Drop::kReassemblyFull);
        case Drop::kFragmentTime:
            return of(net::Drop::kReassemblyTimeout);
        case Drop::kBadFragment:
            return of(net::Drop::kBadLength) + of(net::Drop::kBadOption);
        case Drop::kCount:
            break;
    }
    return 0;
}

}  // namespace holm::filter
