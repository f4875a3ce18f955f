#pragma once

// Ethernet II framing (RFC 894).

#include <array>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/network_order.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;  // IEEE 802.1Q: a tag, then the type of what follows

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

// What stands between the MAC addresses and the type of a frame with an 802.1Q tag.
struct VlanTag {
    static constexpr std::size_t kSize = 4;
    std::uint16_t id = 0;    // 0: none, the tag is about priority
    std::uint16_t type = 0;  // of the payload

    // `payload`: what follows the Ethernet header, whose type was kEtherTypeVlan.
    static Parsed<VlanTag> parse(Bytes payload) {
        if (payload.size() < kSize) return std::unexpected(Drop::kTruncated);
        const auto raw = load<std::array<NetU16, 2>>(payload);
        return VlanTag{std::uint16_t(raw[0] & 0xfff), raw[1]};
    }
};

// The Ethernet header at the start of `frame`, with a tag in it. Preconditions: frame.size() >=
// EthernetHeader::kSize, bytes.size() >= EthernetHeader::kSize + VlanTag::kSize.
inline void store_vlan_header(Bytes frame, std::uint16_t id, MutableBytes bytes) {
    constexpr std::size_t kMacs = 12;
    std::memcpy(bytes.data(), frame.data(), kMacs);
    store(bytes.subspan(kMacs), std::array<NetU16, 2>{kEtherTypeVlan, id});
    std::memcpy(bytes.data() + kMacs + VlanTag::kSize, frame.data() + kMacs, 2);
}

}  // namespace holm::net::wire
