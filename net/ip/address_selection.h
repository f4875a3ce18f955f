#pragma once

// Default address selection for IPv6 (RFC 6724): which of our addresses a packet comes from, and in which
// order the addresses of a name are tried.

#include <optional>
#include <span>

#include "base/instant.h"
#include "net/address.h"
#include "net/ndp/addresses.h"

namespace holm::net::ip {

// Scopes as multicast addresses count them (section 3.1): 2 link, 5 site, 14 global.
std::uint8_t scope_of(const IpAddress& address);
// Section 2.1's default table.
struct Policy {
    std::uint8_t precedence = 40;
    std::uint8_t label = 1;
};
Policy policy_of(const IpAddress& address);
// Leading bits that two addresses share, at most 64 of IPv6: what is behind them is of no meaning to routing.
unsigned common_prefix(const IpAddress& a, const IpAddress& b);

// Section 5, over the addresses of the interface that a packet leaves by; null when none can be used.
const ndp::Address* select_source(std::span<const ndp::Address> candidates, const IpAddress& destination,
                                  Instant now);

// A destination, and the source that it would be reached from (nothing: it cannot be reached).
struct Reach {
    IpAddress destination;
    std::optional<IpAddress> source;
};
// Section 6: best first; what is equal stays in order.
void sort_destinations(std::span<Reach> destinations);

}  // namespace holm::net::ip
