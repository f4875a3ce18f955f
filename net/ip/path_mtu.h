#pragma once

// What is known of the way to destinations that do not take packets as large as our link does (RFC 1191,
// RFC 8201). Only reports about packets that we did send get here.
//
// Bounds: kCapacity destinations, the oldest gives way; each is forgotten after kLifetime, when larger
// packets are tried again.

#include <array>
#include <cstdint>

#include "base/instant.h"
#include "net/address.h"

namespace holm::net::ip {

class PathMtuCache {
  public:
    static constexpr std::size_t kCapacity = 64;
    static constexpr Duration kLifetime = Duration::minutes(10);  // RFC 1191, section 6.3
    // Below these nothing is believed: every IPv6 link carries 1280 bytes (RFC 8201, section 4), and no IPv4
    // path of today carries less than 552 (as Linux; smaller values are for making us send headers).
    static constexpr std::uint16_t kSmallestV4 = 552;
    static constexpr std::uint16_t kSmallestV6 = 1280;

    // Bytes of a packet; kNothing when nothing is known.
    static constexpr std::uint16_t kNothing = 0xffff;
    std::uint16_t find(const IpAddress& destination) const;
    void expire(Instant now);
    void learn(Instant now, const IpAddress& destination, std::uint16_t mtu);

  private:
    struct Entry {
        IpAddress destination;
        std::uint16_t mtu = kNothing;
        Instant until;
    };
    std::array<Entry, kCapacity> entries_;
    std::size_t count_ = 0;
};

}  // namespace holm::net::ip
