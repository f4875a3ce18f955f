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
