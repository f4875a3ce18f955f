#pragma once

// Why a router sent a packet no further. Counted for each interface that packets come in by.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holm::route {

enum class Drop : std::uint8_t {
    kMalformed,      // lengths or headers that contradict themselves
    kBadChecksum,    // of the IPv4 header
    kMartianSource,  // an address no packet may come from, or one of the router's own
    kMartianTarget,  // an address no packet is forwarded to: 0/8, 127/8, 240/4, ::, ::1
    kReversePath,    // the way back to the source leads elsewhere (RFC 3704)
    kScope,          // of link scope, and not for this machine (RFC 4007)
    kGroup,          // multicast or broadcast: not forwarded
    kSourceRoute,    // RFC 7126, RFC 5095
    kNoRoute,
    kBlackhole,
    kUnreachable,
    kProhibited,
    kHopLimit,       // TTL or hop limit used up
    kTooBig,         // beyond the MTU, and not to be fragmented
    kUnresolved,     // the next hop does not answer
    kInterfaceDown,  // the way leads to a device that is not there
    kFiltered,       // a hook said so
    kCount,
};

inline constexpr std::size_t kDrops = std::size_t(Drop::kCount);

// For metrics: the reason in snake_case.
constexpr std::string_view to_string(Drop reason) {
    constexpr std::array<std::string_view, kDrops> kNames{
        "malformed", "bad_checksum", "martian_source", "martian_target", "reverse_path", "scope",
        "group",     "source_route", "no_route",       "blackhole",      "unreachable",  "prohibited",
        "hop_limit", "too_big",      "unresolved",     "interface_down", "filtered"};
    static_assert(!kNames.back().empty());
    return kNames[std::size_t(reason)];
}

// What happened to what came in by one interface, and what left by it.
struct Counters {
    std::uint64_t received = 0;   // IP packets, those for the router included
    std::uint64_t delivered = 0;  // for the router itself
    std::uint64_t forwarded = 0;  // to others
    std::uint64_t sent = 0;       // forwarded ones that left here
    std::uint64_t redirects = 0;  // senders told of a better way
    std::array<std::uint64_t, kDrops> drops{};
};

}  // namespace holm::route
