#pragma once

// DHCP messages (RFC 2131, RFC 2132), as far as a client needs them.

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/wire/domain_list.h"

namespace holm::net::wire {

inline constexpr std::uint16_t kDhcpServerPort = 67;
inline constexpr std::uint16_t kDhcpClientPort = 68;

enum class DhcpType : std::uint8_t {
    kDiscover = 1,
    kOffer = 2,
    kRequest = 3,
    kDecline = 4,
    kAck = 5,
    kNak = 6,
    kRelease = 7,
    kInform = 8,
};

// What a server tells.
struct DhcpReply {
    DhcpType type = DhcpType::kOffer;
    std::uint32_t transaction = 0;
    MacAddress client;
    IpAddress address = IpAddress::any_v4();                                     // "yiaddr"
    IpAddress server = IpAddress::any_v4();                                      // option 54
    std::uint8_t prefix_length = 0;                                              // option 1; 0: not told
    std::array<IpAddress, 2> routers{IpAddress::any_v4(), IpAddress::any_v4()};  // option 3, the first two
    std::array<IpAddress, 2> dns{IpAddress::any_v4(), IpAddress::any_v4()};      // option 6, the first two
    std::uint16_t mtu = 0;                                                       // option 26; 0: not told
    DomainList search;  // option 119 (RFC 3397), or else 15, the domain itself
    // Options 51, 58 and 59, in seconds; ~0 means for ever (lease) or not told (the others).
    std::uint32_t lease_seconds = 0;
    std::uint32_t renewal_seconds = ~0u;
    std::uint32_t rebinding_seconds = ~0u;

    // Reads a server's message; options may overflow into the fields "file" and "sname" (option 52).
    static Parsed<DhcpReply> parse(Bytes message);
};

// What a client asks.
struct DhcpRequest {
    static constexpr std::size_t kMaximumSize =
        300;  // BOOTP relays drop what is shorter: always padded to this

    DhcpType type = DhcpType::kDiscover;
    std::uint32_t transaction = 0;
    std::uint16_t seconds = 0;  // since the client began
    bool broadcast = false;     // the server shall broadcast its answer
    MacAddress client;
    IpAddress current = IpAddress::any_v4();  // "ciaddr": an address in use that shall be extended
    std::optional<IpAddress> requested;       // option 50
    std::optional<IpAddress> server;          // option 54

    // Precondition: bytes.size() >= kMaximumSize. The result is kMaximumSize bytes long.
    void emit(MutableBytes bytes) const;
};

}  // namespace holm::net::wire
