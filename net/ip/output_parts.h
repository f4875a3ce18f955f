#pragma once

// What the outputs of both families share: the transport checksum, and datagrams cut into pieces.

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/network_order.h"
#include "net/ip/output.h"
#include "net/ip/pseudo_header.h"

namespace holm::net::ip {

inline std::size_t payload_size(const Packet& packet) {
    std::size_t size = 0;
    for (const Bytes piece : packet.payload) size += piece.size();
    return size;
}

// ICMP for IPv4 covers no pseudo header.
inline InternetChecksum pseudo_sum(const Packet& packet, std::size_t length) {
    if (packet.protocol == Protocol::kIcmp) return {};
    return pseudo_header(packet.source, packet.destination, packet.protocol, length);
}

inline void store_checksum(const Packet& packet, MutableBytes header, std::uint16_t value) {
    const NetU16 field = value;
    std::memcpy(header.data() + packet.checksum_offset, &field, sizeof(field));
}

// The whole checksum, in software.
inline void complete_checksum(const Packet& packet, MutableBytes header, std::size_t length) {
    InternetChecksum checksum = pseudo_sum(packet, length);
    checksum.add(header);
    for (const Bytes piece : packet.payload) checksum.add(piece);
    std::uint16_t value = checksum.value();
    if (value == 0 && packet.protocol == Protocol::kUdp) value = 0xffff;  // RFC 768: zero means "none"
    store_checksum(packet, header, value);
}

// Copies the transport header and has the device complete its checksum, or completes it here.
inline void prepare_checksum(const Packet& packet, MutableBytes header, std::size_t length,
                             std::size_t transport_start, bool by_device, Offload& offload) {
    offload.payload_stays = packet.payload_stays;
    if (!by_device) return complete_checksum(packet, header, length);
    offload.needs_checksum = true;
    offload.checksum_start = std::uint16_t(transport_start);
    offload.checksum_offset = packet.checksum_offset;
    store_checksum(packet, header, pseudo_sum(packet, length).sum());
}

// A datagram as pieces, its transport header first, and a cursor into it from which fragments are cut.
class DatagramCutter {
  public:
    DatagramCutter(Bytes header, std::span<const Bytes> payload) : count_(1 + payload.size()) {
        pieces_[0] = rest_ = header;
        std::copy(payload.begin(), payload.end(), pieces_ + 1);
    }

    // Puts the next `size` bytes behind what `fragment` holds already, and returns how many pieces it has
    // now. Precondition: so many are left, and `fragment` has room for kMaximumPayloadPieces + 1 more.
    std::size_t cut(std::size_t size, std::span<Bytes> fragment, std::size_t count) {
        while (size > 0) {
            if (rest_.empty()) {
                rest_ = pieces_[++at_];
                continue;
            }
            const Bytes part = rest_.first(std::min(size, rest_.size()));
            fragment[count++] = part;
            rest_ = rest_.subspan(part.size());
            size -= part.size();
        }
        return count;
    }

  private:
    Bytes pieces_[1 + kMaximumPayloadPieces];
    std::size_t count_;
    std::size_t at_ = 0;
    Bytes rest_;
};

}  // namespace holm::net::ip
