#include "services/route/routes.h"

namespace holm::route {

namespace {

bool covers(const Routes::Dynamic& route, const FibKey& key) {
    if (route.length == 0) return true;
    if (route.length <= 64) return (route.key.high ^ key.high) >> (64 - route.length) == 0;
    return route.key.high == key.high && (route.key.low ^ key.low) >> (128 - route.length) == 0;
}

}  // namespace

FibResult Routes::find_dynamic(const FibKey& key, bool v4, FibResult best) const {
    for (std::size_t i = 0; i < dynamic_count_; ++i) {
        const Dynamic& route = dynamic_[i];
        if (route.v4 != v4 || !covers(route, key)) continue;
        // A route that is written down comes before one of the same length that somebody told of.
        if (best.found() && route.length <= best.length) continue;
        best = {kFirstDynamic + std::uint32_t(i), route.length};
    }
    return best;
}

std::optional<Way> Routes::way(const FibResult& result, const net::IpAddress& destination,
                               std::uint32_t flow) const {
    if (!result.found()) return std::nullopt;
    if (result.value >= kFirstDynamic) {
        Way way = dynamic_[result.value - kFirstDynamic].way;
        if (way.next_hop.is_unspecified()) way.next_hop = destination;
        return way;
    }
    const auto record = ways_.at(result.value);
    if (!record) return std::nullopt;
    Way way{record->kind, kNoInterface, destination};
    if (record->member_count == 0) return way;
    std::uint32_t chosen = 0;
    if (record->member_count > 1) chosen = std::uint32_t(std::uint64_t{flow} * record->member_count >> 32);
    auto member = members_.at(std::size_t{record->first_member} + chosen);
    // Another one where the chosen one's device is not there.
    for (std::uint32_t i = 1; i < record->member_count && member && !present(*member); ++i)
        member = members_.at(record->first_member + (chosen + i) % record->member_count);
    if (!member || member->interface >= kMaximumInterfaces) return std::nullopt;
    way.interface = std::uint8_t(member->interface);
    if (member->is_gateway != 0) way.next_hop = member->gateway.get();
    return way;
}

std::optional<WayKind> Routes::kind(const FibResult& result) const {
    if (!result.found()) return std::nullopt;
    if (result.value >= kFirstDynamic) return dynamic_[result.value - kFirstDynamic].way.kind;
    const auto record = ways_.at(result.value);
    if (!record) return std::nullopt;
    return record->kind;
}

bool Routes::leads_through(const FibResult& result, std::uint8_t interface) const {
    if (!result.found()) return false;
    if (result.value >= kFirstDynamic)
        return dynamic_[result.value - kFirstDynamic].way.interface == interface;
    const auto record = ways_.at(result.value);
    if (!record) return false;
    for (std::uint32_t i = 0; i < record->member_count; ++i) {
        const auto member = members_.at(std::size_t{record->first_member} + i);
        if (member && member->interface == interface) return true;
    }
    return false;
}

}  // namespace holm::route
