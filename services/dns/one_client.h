#pragma once

// Whose connections are counted together: an IPv4 address, or an IPv6 /64, the least that a subscriber has
// (RFC 6177, section 2) and as many addresses as he likes. Addresses of link scope are told apart whole: one
// /64 of them is everybody's on that link.

#include <algorithm>

#include "net/address.h"

namespace holm::dns {

constexpr bool is_one_client(const net::IpAddress& a, const net::IpAddress& b) {
    if (a.is_v4() || b.is_v4() || a.is_link_local() || b.is_link_local()) return a == b;
    return std::equal(a.bytes().begin(), a.bytes().begin() + 8, b.bytes().begin());
}

}  // namespace holm::dns
