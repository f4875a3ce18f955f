#pragma once

// Why a packet went no further. Each reason has a counter in the stack (Counters), so that nothing vanishes
// silently.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace holm::net {

enum class Drop : std::uint8_t {
    // A header that does not fit its packet or contradicts itself.
    kTruncated,
    kBadVersion,
    kBadLength,
    kBadChecksum,
    kBadOption,
    kBadHardware,  // ARP about something else than Ethernet and IPv4
    // Well formed, but not to be processed.
    kNotForUs,
    kUnknownEtherType,
    kUnknownProtocol,
    kBadSource,    // a source address no host may have, or our own
    kSourceRoute,  // RFC 7126: packets with source routes are dropped
    kNoSocket,
    kRateLimited,
    kUnsolicited,  // an answer to nothing that we asked, an error about nothing that we have on its way
    kContested,    // a neighbour's address at another MAC: the one that is known is asked first
    kDisabled,     // the configuration says not to listen: to routers, to redirects
    // Fragments.
    kOverlap,
    kReassemblyFull,
    kReassemblyTimeout,
    // Bounds reached.
    kQueueFull,     // a receive queue
    kOutputFull,    // the interface's output queue
    kNeighborFull,  // nothing more can wait for address resolution
    // Outgoing.
    kUnresolved,  // nobody answered the ARP requests
    kNoRoute,
    kTooBig,  // beyond the MTU and not to be fragmented
    kDeviceGone,
    kCount,
};

inline constexpr std::size_t kDropReasons = std::size_t(Drop::kCount);

// For metrics and messages: the reason in snake_case.
constexpr std::string_view to_string(Drop reason) {
    constexpr std::array<std::string_view, kDropReasons> kNames{
        "truncated",    "bad_version",   "bad_length",         "bad_checksum",       "bad_option",
        "bad_hardware", "not_for_us",    "unknown_ether_type", "unknown_protocol",   "bad_source",
        "source_route", "no_socket",     "rate_limited",       "unsolicited",        "contested",
        "disabled",     "overlap",       "reassembly_full",    "reassembly_timeout", "queue_full",
        "output_full",  "neighbor_full", "unresolved",         "no_route",           "too_big",
        "device_gone"};
    static_assert(!kNames.back().empty());
    return kNames[std::size_t(reason)];
}

// What a parser says: the header, or why the packet is dropped.
template <typename T>
using Parsed = std::expected<T, Drop>;

struct Counters {
    std::array<std::uint64_t, kDropReasons> drops{};

    void count(Drop reason) { ++drops[std::size_t(reason)]; }
    std::uint64_t operator[](Drop reason) const { return drops[std::size_t(reason)]; }
};

}  // namespace holm::net
