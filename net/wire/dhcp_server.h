#pragma once

// DHCP messages as a server reads and writes them (RFC 2131, RFC 2132).

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/wire/dhcp.h"

namespace holm::net::wire {

// What a client asks.
struct DhcpQuery {
    DhcpType type = DhcpType::kDiscover;
    std::uint32_t transaction = 0;
    bool broadcast = false;                   // it cannot take a unicast answer yet
    IpAddress current = IpAddress::any_v4();  // "ciaddr"
    IpAddress relay = IpAddress::any_v4();    // "giaddr"
    MacAddress client;
    std::optional<IpAddress> requested;  // option 50
    std::optional<IpAddress> server;     // option 54
    Bytes identifier;                    // option 61, in the message; empty: none

    static Parsed<DhcpQuery> parse(Bytes message);
};

// What the server says.
struct DhcpAnswer {
    static constexpr std::size_t kMaximumSize = 512;
    static constexpr std::size_t kLongestDomain = 63;

    DhcpType type = DhcpType::kOffer;
    IpAddress server = IpAddress::any_v4();
    IpAddress address = IpAddress::any_v4();  // "yiaddr"
    // Options that a refusal does not have.
    std::optional<std::uint32_t> lease_seconds;  // and the times to renew and to rebind
    std::uint8_t prefix_length = 0;
    IpAddress router = IpAddress::any_v4();
    std::array<IpAddress, 4> dns{IpAddress::any_v4(), IpAddress::any_v4(), IpAddress::any_v4(),
                                 IpAddress::any_v4()};
    std::string_view domain;  // at most kLongestDomain bytes

    // The number of bytes written. Precondition: bytes.size() >= kMaximumSize.
    std::size_t emit(const DhcpQuery& query, MutableBytes bytes) const;
};

}  // namespace holm::net::wire
