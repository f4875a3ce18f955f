#pragma once

// DHCPv6 messages (RFC 8415, sections 8 and 21), as far as a client with one association of non-temporary
// addresses speaks them.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/wire/domain_list.h"

namespace holm::net::wire {

inline constexpr std::uint16_t kDhcpv6ClientPort = 546;
inline constexpr std::uint16_t kDhcpv6ServerPort = 547;

enum class Dhcpv6Type : std::uint8_t {
    kSolicit = 1,
    kAdvertise = 2,
    kRequest = 3,
    kRenew = 5,
    kRebind = 6,
    kReply = 7,
    kRelease = 8,
    kDecline = 9,
    kInformationRequest = 11,
};

// Status codes (section 21.13).
inline constexpr std::uint16_t kDhcpv6Success = 0;
inline constexpr std::uint16_t kDhcpv6NoAddresses = 2;
inline constexpr std::uint16_t kDhcpv6NoBinding = 3;

// Who a server is: opaque, and given back as it came (section 11).
struct Duid {
    static constexpr std::size_t kMaximumSize = 130;
    std::array<std::byte, kMaximumSize> bytes{};
    std::size_t size = 0;

    Bytes view() const { return Bytes(bytes).first(size); }
    friend bool operator==(const Duid& a, const Duid& b);
};

inline constexpr std::size_t kDhcpv6Addresses = 4;  // of an association; more are not looked at

struct Dhcpv6Request {
    static constexpr std::size_t kMaximumSize =
        4 + 14 + 6 + 8 + 12 + 16 + 28 * kDhcpv6Addresses + 4 + Duid::kMaximumSize;

    Dhcpv6Type type = Dhcpv6Type::kSolicit;
    std::uint32_t transaction = 0;  // 24 bits
    MacAddress client;              // of which the client's DUID is made: DUID-LL
    std::uint16_t hundredths = 0;   // since the exchange began
    std::optional<Duid> server;
    bool with_address = true;  // ask for addresses: an IA_NA, whose number is always 1
    std::size_t address_count = 0;
    std::array<IpAddress, kDhcpv6Addresses> addresses;  // in it; none: any

    // The number of bytes written. Precondition: bytes.size() >= kMaximumSize.
    std::size_t emit(MutableBytes bytes) const;
};

struct Dhcpv6Reply {
    static constexpr std::size_t kDns = 4;

    Dhcpv6Type type = Dhcpv6Type::kReply;
    std::uint32_t transaction = 0;
    bool for_client = false;  // it names our DUID
    std::optional<Duid> server;
    std::uint8_t preference = 0;
    std::uint16_t status = kDhcpv6Success;          // of the whole message
    std::uint16_t address_status = kDhcpv6Success;  // of the IA_NA
    bool has_association = false;
    std::uint32_t renewal_seconds = 0;    // T1; 0: the client's choice
    std::uint32_t rebinding_seconds = 0;  // T2
    struct Address {
        IpAddress address;
        std::uint32_t preferred_seconds = 0, valid_seconds = 0;
    };
    std::size_t address_count = 0;
    std::array<Address, kDhcpv6Addresses> addresses;  // without those that a status says are not ours
    std::span<const Address> offered() const { return {addresses.data(), address_count}; }
    std::size_t dns_count = 0;
    std::array<IpAddress, kDns> dns;
    DomainList search;                  // option 24 (RFC 3646)
    std::uint32_t refresh_seconds = 0;  // of what is no address (section 21.23); 0: not told
    // The longest wait between solicitations, and between requests for information (sections 21.24, 21.25);
    // 0: not told, or not between a minute and a day.
    std::uint32_t solicit_seconds = 0, information_seconds = 0;

    static Parsed<Dhcpv6Reply> parse(Bytes message, MacAddress client);
};

}  // namespace holm::net::wire
