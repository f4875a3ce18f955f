#pragma once

// Ethernet II framing (RFC 894).

#include <cstdint>

#include "base/bytes.h"
#include "base/network_order.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;

// The address that frames to a group, or to a broadcast address, go to: the low 23 bits of an IPv4 group
// (RFC 1112, section 6.4), the low 32 of an IPv6 one (RFC 2464, section 7).
constexpr MacAddress group_mac(const IpAddress& group) {
    const auto& b = group.bytes();
    if (!group.is_v4()) return {{0x33, 0x33, b[12], b[13], b[14], b[15]}};
    if (!group.is_multicast()) return MacAddress::broadcast();
    return {{0x01, 0x00, 0x5e, std::uint8_t(b[13] & 0x7f), b[14], b[15]}};
}

struct EthernetHeader {
    static constexpr std::size_t kSize = 14;

    MacAddress destination;
    MacAddress source;
    std::uint16_t type = 0;

    static Parsed<EthernetHeader> parse(Bytes frame) {
        if (frame.size() < kSize) return std::unexpected(Drop::kTruncated);
        const auto raw = load<Layout>(frame);
        return EthernetHeader{raw.destination, raw.source, raw.type};
    }
    // Precondition: bytes.size() >= kSize.
    void emit(MutableBytes bytes) const { store(bytes, Layout{destination, source, type}); }

  private:
    struct Layout {
        MacAddress destination;
        MacAddress source;
        NetU16 type;
    };
    static_assert(sizeof(Layout) == kSize);
};

}  // namespace holm::net::wire
