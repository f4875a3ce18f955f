#pragma once

// The messages of neighbour discovery (RFC 4861, section 4) with the options a host has use for: link-layer
// addresses, prefixes (RFC 4861), the MTU, DNS servers (RFC 8106), router preferences (RFC 4191), nonces
// (RFC 3971 through RFC 7527). parse() takes a whole ICMPv6 message whose checksum has been checked, and
// checks what the validation sections of RFC 4861 say of its bytes; unknown options are passed over.

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "net/address.h"
#include "net/drop.h"

namespace holm::net::wire {

// The longest message that emit() writes.
inline constexpr std::size_t kMaximumNdpMessage = 40;

using NdpNonce = std::array<std::uint8_t, 6>;

struct RouterSolicitation {
    std::optional<MacAddress> source_mac;
    // The number of bytes written; the checksum is left zero. Precondition: room for kMaximumNdpMessage.
    std::size_t emit(MutableBytes bytes) const;
};

struct PrefixInformation {
    IpAddress prefix;
    std::uint8_t length = 0;  // bits, at most 128
    bool on_link = false;
    bool autonomous = false;
    std::uint32_t valid_seconds = 0;  // all ones: for ever
    std::uint32_t preferred_seconds = 0;
};

struct RouterAdvertisement {
    static constexpr std::size_t kPrefixes = 8;  // more are not looked at
    static constexpr std::size_t kDns = 4;

    std::uint8_t hop_limit = 0;                 // 0: not told
    bool managed = false;                       // addresses by DHCPv6
    bool other = false;                         // other things by DHCPv6
    std::int8_t preference = 0;                 // 1 high, 0 medium, -1 low
    std::uint16_t lifetime_seconds = 0;         // as a default router
    std::uint32_t reachable_milliseconds = 0;   // 0: not told
    std::uint32_t retransmit_milliseconds = 0;  // 0: not told
    std::optional<MacAddress> source_mac;
    std::uint32_t mtu = 0;  // 0: not told
    std::size_t prefix_count = 0;
    std::array<PrefixInformation, kPrefixes> prefixes;
    std::size_t dns_count = 0;
    std::array<IpAddress, kDns> dns;
    std::array<std::uint32_t, kDns> dns_seconds{};
    Bytes search;  // of RFC 8106, section 5.2, in the message: names, then zeros; empty: none named
    std::uint32_t search_seconds = 0;

    static Parsed<RouterAdvertisement> parse(Bytes message);
    // The longest that emit() writes.
    static constexpr std::size_t kMaximumSize = 16 + 8 + 8 + kPrefixes * 32 + kDns * 24;
    // DNS servers share the lifetime of the first. Precondition: bytes.size() >= kMaximumSize.
    std::size_t emit(MutableBytes bytes) const;
};

struct NeighborSolicitation {
    IpAddress target;
    std::optional<MacAddress> source_mac;
    std::optional<NdpNonce> nonce;

    static Parsed<NeighborSolicitation> parse(Bytes message);
    std::size_t emit(MutableBytes bytes) const;
};

struct NeighborAdvertisement {
    bool router = false;
    bool solicited = false;
    bool overrides = false;
    IpAddress target;
    std::optional<MacAddress> target_mac;

    static Parsed<NeighborAdvertisement> parse(Bytes message);
    std::size_t emit(MutableBytes bytes) const;
};

struct Redirect {
    IpAddress target;       // the better next hop
    IpAddress destination;  // for which it is
    std::optional<MacAddress> target_mac;

    static Parsed<Redirect> parse(Bytes message);
    // With the beginning of the packet that it is about: as much as `bytes` has room for.
    // Precondition: bytes.size() >= 56.
    std::size_t emit(MutableBytes bytes, Bytes about) const;
};

}  // namespace holm::net::wire
