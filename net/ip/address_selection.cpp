#include "net/ip/address_selection.h"

#include <algorithm>
#include <bit>

namespace holm::net::ip {

namespace {

struct Row {
    std::array<std::uint8_t, 4> prefix;  // of most rows the rest is zero
    unsigned length;
    Policy policy;
};

// Longest prefixes first. ::1, ::ffff:0:0/96 and ::/96 are looked at by hand.
constexpr Row kRows[] = {
    {{0x20, 0x01, 0x00, 0x00}, 32, {5, 5}},   // Teredo
    {{0x20, 0x02, 0x00, 0x00}, 16, {30, 2}},  // 6to4
    {{0x3f, 0xfe, 0x00, 0x00}, 16, {1, 12}}, {{0xfe, 0xc0, 0x00, 0x00}, 10, {1, 11}},
    {{0xfc, 0x00, 0x00, 0x00}, 7, {3, 13}},  // unique local
};

bool starts_with(const IpAddress& address, const Row& row) {
    for (unsigned i = 0; i * 8 < row.length; ++i) {
        const unsigned bits = std::min(8u, row.length - i * 8);
        const auto mask = std::uint8_t(0xff << (8 - bits));
        if ((address.bytes()[i] & mask) != row.prefix[i]) return false;
    }
    return true;
}

// Each comparison says which of two is better: above zero the first, below zero the second, zero neither.
int better_if(bool first, bool second) {
    return int(first) - int(second);
}

int compare_scopes(std::uint8_t a, std::uint8_t b, std::uint8_t destination) {
    if (a < b) return a < destination ? -1 : 1;
    if (b < a) return b < destination ? 1 : -1;
    return 0;
}

int compare_sources(const ndp::Address& a, const ndp::Address& b, const IpAddress& destination, Instant now) {
    const IpAddress to = destination.without_zone();
    if (const int same = better_if(a.address.without_zone() == to, b.address.without_zone() == to))
        return same;
    if (const int scope = compare_scopes(scope_of(a.address), scope_of(b.address), scope_of(destination)))
        return scope;
    if (const int preferred = better_if(a.preferred(now), b.preferred(now))) return preferred;
    // One that is known to be unique before one that is being tried (RFC 4429, section 3.1).
    if (const int unique =
            better_if(a.state == ndp::Address::State::kUnique, b.state == ndp::Address::State::kUnique))
        return unique;
    const std::uint8_t label = policy_of(destination).label;
    if (const int labels =
            better_if(policy_of(a.address).label == label, policy_of(b.address).label == label))
        return labels;
    return int(common_prefix(a.address, destination)) - int(common_prefix(b.address, destination));
}

int compare_destinations(const Reach& a, const Reach& b) {
    if (const int usable = better_if(a.source.has_value(), b.source.has_value())) return usable;
    if (!a.source) return 0;
    const auto same_scope = [](const Reach& reach) {
        return scope_of(reach.destination) == scope_of(*reach.source);
    };
    if (const int scopes = better_if(same_scope(a), same_scope(b))) return scopes;
    const auto same_label = [](const Reach& reach) {
        return policy_of(reach.destination).label == policy_of(*reach.source).label;
    };
    if (const int labels = better_if(same_label(a), same_label(b))) return labels;
    if (const int precedence =
            int(policy_of(a.destination).precedence) - int(policy_of(b.destination).precedence))
        return precedence;
    if (const int scope = int(scope_of(b.destination)) - int(scope_of(a.destination))) return scope;
    if (a.destination.is_v4() || b.destination.is_v4()) return 0;
    return int(common_prefix(a.destination, *a.source)) - int(common_prefix(b.destination, *b.source));
}

}  // namespace

std::uint8_t scope_of(const IpAddress& address) {
    constexpr std::uint8_t kLink = 2, kSite = 5, kGlobal = 14;
    const auto& b = address.bytes();
    if (address.is_v4()) {
        const bool link = address.is_loopback() || (b[12] == 169 && b[13] == 254);  // section 3.2
        return link ? kLink : kGlobal;
    }
    if (address.is_multicast()) return b[1] & 0xf;
    if (address.is_link_local() || address.is_loopback()) return kLink;
    if (b[0] == 0xfe && (b[1] & 0xc0) == 0xc0) return kSite;
    return kGlobal;
}

Policy policy_of(const IpAddress& address) {
    if (address.is_v4()) return {35, 4};
    if (address.is_loopback()) return {50, 0};
    const auto& b = address.bytes();
    if (std::all_of(b.begin(), b.begin() + 12, [](std::uint8_t byte) { return byte == 0; })) return {1, 3};
    for (const Row& row : kRows)
        if (starts_with(address, row)) return row.policy;
    return {40, 1};
}

unsigned common_prefix(const IpAddress& a, const IpAddress& b) {
    for (unsigned i = 0; i < 8; ++i) {
        const auto differing = std::uint8_t(a.bytes()[i] ^ b.bytes()[i]);
        if (differing != 0) return i * 8 + unsigned(std::countl_zero(differing));
    }
    return 64;
}

const ndp::Address* select_source(std::span<const ndp::Address> candidates, const IpAddress& destination,
                                  Instant now) {
    const ndp::Address* chosen = nullptr;
    for (const ndp::Address& candidate : candidates) {
        if (!candidate.usable()) continue;
        if (!chosen || compare_sources(candidate, *chosen, destination, now) > 0) chosen = &candidate;
    }
    return chosen;
}

void sort_destinations(std::span<Reach> destinations) {
    // An insertion sort: a name has few addresses, and what is equal keeps its place.
    for (std::size_t i = 1; i < destinations.size(); ++i)
        for (std::size_t j = i; j > 0 && compare_destinations(destinations[j], destinations[j - 1]) > 0; --j)
            std::swap(destinations[j], destinations[j - 1]);
}

}  // namespace holm::net::ip
