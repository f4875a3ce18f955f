#pragma once

// The UDP header (RFC 768).

#include <cstdint>

#include "base/bytes.h"
#include "base/network_order.h"
#include "net/drop.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

struct UdpHeader {
    static constexpr std::size_t kSize = 8;
    static constexpr std::uint16_t kChecksumOffset = 6;

    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint16_t length = kSize;  // bytes of header and payload
    bool has_checksum =
        false;  // the sender computed one; its correctness is checked where the addresses are known

    // On success kSize <= length <= datagram.size().
    static Parsed<UdpHeader> parse(Bytes datagram) {
        if (datagram.size() < kSize) return std::unexpected(Drop::kTruncated);
        const auto raw = load<Layout>(datagram);
        if (raw.length < kSize) return std::unexpected(Drop::kBadLength);
        if (raw.length > datagram.size()) return std::unexpected(Drop::kTruncated);
        return UdpHeader{raw.source_port, raw.destination_port, raw.length, raw.checksum != 0};
    }
    // The checksum is left zero. Precondition: bytes.size() >= kSize.
    void emit(MutableBytes bytes) const { store(bytes, Layout{source_port, destination_port, length, 0}); }

  private:
    struct Layout {
        NetU16 source_port;
        NetU16 destination_port;
        NetU16 length;
        NetU16 checksum;
    };
    static_assert(sizeof(Layout) == kSize);
};

}  // namespace holm::net::wire
