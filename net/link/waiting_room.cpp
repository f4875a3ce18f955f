#include "net/link/waiting_room.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace holm::net::link {

bool WaitingRoom::keep(IpAddress next_hop, std::span<const Bytes> pieces, const Offload& offload) {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    if (size > kFrameSize) return false;
    if (!slots_) {
        slots_.reset(new (std::nothrow) Slot[kFrames]);
        if (!slots_) return false;
        for (std::size_t i = 0; i < kFrames; ++i) order_[i] = std::uint8_t(i);
    }

    std::size_t same = 0, oldest = kFrames;
    for (std::size_t i = 0; i < used_; ++i) {
        if (slots_[order_[i]].next_hop != next_hop) continue;
        if (same++ == 0) oldest = i;
    }
    if (same == kPerNeighbor) {
        remove(oldest);
    } else if (used_ == kFrames) {
        // Nobody may ever ask for it again: its neighbour may have been forgotten to make room for others.
        remove(0);
    }

    Slot& slot = slots_[order_[used_++]];
    slot.next_hop = next_hop;
    slot.offload = offload;
    slot.size = size;
    std::byte* to = slot.bytes;
    for (const Bytes piece : pieces) to = std::copy(piece.begin(), piece.end(), to);
    return true;
}

void WaitingRoom::remove(std::size_t position) {
    std::rotate(order_ + position, order_ + position + 1, order_ + used_);
    --used_;
}

}  // namespace holm::net::link
