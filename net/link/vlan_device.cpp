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
    Offload offload = frame.offload;
    if (offload.needs_checksum) offload.checksum_start += kTagSize;
    if (offload.segmentation != Segmentation::kNone) offload.header_length += kTagSize;
    if (frame.headroom.size() >= kTagSize) {
        // In transit: the addresses move forward, and the tag comes behind them.
        const MutableBytes tag = frame.headroom.last(kTagSize);
        const MutableBytes whole(tag.data(), kTagSize + first.size());
        std::byte header[kHeader + kTagSize];
        wire::store_vlan_header(first, id_, header);
        std::ranges::copy(header, whole.begin());
        const Bytes piece = whole;
        const TransmitResult result = trunk_.transmit(
            {{&piece, 1}, offload, frame.headroom.first(frame.headroom.size() - kTagSize), frame.owner});
        if (result == TransmitResult::kFull) {
            // The frame will come again, and without a tag.
            const MutableBytes plain = whole.subspan(kTagSize, kHeader);
            std::copy_n(header, 12, plain.begin());
            std::copy_n(header + 12 + kTagSize, 2, plain.begin() + 12);
        }
        return result;
    }
    std::byte tagged[kHeader + kTagSize];
    wire::store_vlan_header(first, id_, tagged);

    std::array<Bytes, 3 + ip::kMaximumPayloadPieces> pieces;
    pieces[0] = tagged;
    pieces[1] = first.subspan(kHeader);
    std::copy(frame.pieces.begin() + 1, frame.pieces.end(), pieces.begin() + 2);
    offload.payload_stays = false;  // the second piece is what was behind the Ethernet header, and does not
    return trunk_.transmit({std::span(pieces).first(1 + frame.pieces.size()), offload});
}

}  // namespace holm::net::link
