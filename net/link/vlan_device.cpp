#include "net/link/vlan_device.h"

#include <algorithm>
#include <cassert>

#include "net/ip/output.h"
#include "net/wire/ethernet.h"

namespace holm::net::link {

TransmitResult VlanDevice::transmit(const OutgoingFrame& frame) {
    constexpr std::size_t kHeader = wire::EthernetHeader::kSize;
    const Bytes first = frame.pieces[0];
    assert(first.size() >= kHeader && frame.pieces.size() <= 2 + ip::kMaximumPayloadPieces);
    std::byte tagged[kHeader + kTagSize];
    wire::store_vlan_header(first, id_, tagged);

    std::array<Bytes, 3 + ip::kMaximumPayloadPieces> pieces;
    pieces[0] = tagged;
    pieces[1] = first.subspan(kHeader);
    std::copy(frame.pieces.begin() + 1, frame.pieces.end(), pieces.begin() + 2);
    Offload offload = frame.offload;
    offload.payload_stays = false;  // the second piece is what was behind the Ethernet header, and does not
    if (offload.needs_checksum) offload.checksum_start += kTagSize;
    if (offload.segmentation != Segmentation::kNone) offload.header_length += kTagSize;
    return trunk_.transmit({std::span(pieces).first(1 + frame.pieces.size()), offload});
}

}  // namespace holm::net::link
