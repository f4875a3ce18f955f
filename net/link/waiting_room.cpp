#include "net/link/waiting_room.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace holm::net::link {

bool WaitingRoom::keep(IpAddress next_hop, std::span<const Bytes> pieces, const Offload& offload) {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    if (size > kBytesPerNeighbor) return false;
    if (!slots_) {
        slots_.reset(new (std::nothrow) Slot[kFrames]);
        if (!slots_) return false;
        for (std::size_t i = 0; i < kFrames; ++i) order_[i] = std::uint8_t(i);
    }
    std::unique_ptr<std::byte[]> memory(new (std::nothrow) std::byte[size]);
    if (!memory) return false;
    make_room(next_hop, size);

    std::byte* to = memory.get();
    for (const Bytes piece : pieces) to = std::copy(piece.begin(), piece.end(), to);
    slots_[order_[used_++]] = {next_hop, offload, size, std::move(memory)};
    bytes_ += size;
    return true;
}

void WaitingRoom::make_room(const IpAddress& next_hop, std::size_t size) {
    std::size_t frames = 0, bytes = 0;  // for this neighbour
    for (std::size_t i = 0; i < used_; ++i) {
        if (slots_[order_[i]].next_hop != next_hop) continue;
        ++frames;
        bytes += slots_[order_[i]].size;
    }
    for (std::size_t i = 0; frames >= kPerNeighbor || bytes + size > kBytesPerNeighbor;) {
        if (slots_[order_[i]].next_hop != next_hop) {
            ++i;
            continue;
        }
        --frames;
        bytes -= slots_[order_[i]].size;
        remove(i);
    }
    // Nobody may ever ask for the oldest again: its neighbour may have been forgotten to make room for
    // others.
    while (used_ == kFrames || bytes_ + size > kBytes) remove(0);
}

void WaitingRoom::remove(std::size_t position) {
    Slot& slot = slots_[order_[position]];
    bytes_ -= slot.size;
    slot.memory.reset();
    std::rotate(order_ + position, order_ + position + 1, order_ + used_);
    --used_;
}

}  // namespace holm::net::link
