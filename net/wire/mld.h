#pragma once

// Multicast listener discovery for IPv6: queries of both versions, reports of both (RFC 3810, RFC 2710). The
// messages follow an IPv6 header with a router alert among its hop-by-hop options.

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/multicast/membership.h"

namespace holm::net::wire {

// A hop-by-hop options header that holds a router alert for MLD (RFC 2711) and what fills it up; the first
// byte is ICMPv6, what follows.
inline constexpr std::array<std::uint8_t, 8> kMldRouterAlert{58, 0, 5, 2, 0, 0, 1, 0};

struct MldQuery {
    IpAddress group;                // unspecified: all
    Duration most;                  // to wait before answering
    bool older = false;             // version 1
    multicast::SourceList sources;  // none: any, or more than the list holds

    // `message`: ICMPv6 header first.
    static Parsed<MldQuery> parse(Bytes message);
};

inline constexpr std::size_t kMaximumMldReport = 28 + 16 * multicast::SourceList::kCapacity;

// Writes a report and returns its length; the checksum is left zero.
// Precondition: bytes.size() >= kMaximumMldReport.
std::size_t emit_mld_report(const multicast::Report& report, MutableBytes bytes);

}  // namespace holm::net::wire
