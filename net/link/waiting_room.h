#pragma once

// Frames that wait for the MAC address of their next hop. RFC 1122, section 2.3.2.2 asks to keep at least the
// latest.
//
// Bounds: kFrames in all and kPerNeighbor for one address (in both cases the oldest makes room), kFrameSize
// bytes each: longer frames, which only a transport with retransmission sends, are dropped. Memory is
// allocated at first use.

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "net/address.h"
#include "net/frame.h"

namespace holm::net::link {

class WaitingRoom {
  public:
    static constexpr std::size_t kFrames = 16;
    static constexpr std::size_t kPerNeighbor = 4;
    static constexpr std::size_t kFrameSize = 2048;

    // Copies the frame. Returns false if nothing could be kept.
    bool keep(IpAddress next_hop, std::span<const Bytes> pieces, const Offload& offload);

    struct Frame {
        MutableBytes bytes;
        Offload offload;
    };
    // Calls visit(Frame) for each frame that waits for `next_hop`, oldest first, and forgets them.
    template <typename Visit>
    void release(IpAddress next_hop, Visit visit) {
        if (!slots_) return;
        for (std::size_t i = 0; i < used_;) {
            if (slots_[order_[i]].next_hop != next_hop) {
                ++i;
                continue;
            }
            Slot& slot = slots_[order_[i]];
            visit(Frame{MutableBytes(slot.bytes).first(slot.size), slot.offload});
            remove(i);
        }
    }
    std::size_t count() const { return used_; }

  private:
    struct Slot {
        IpAddress next_hop;
        Offload offload;
        std::size_t size;
        std::byte bytes[kFrameSize];
    };
    void remove(std::size_t position);

    std::unique_ptr<Slot[]> slots_;
    // The first used_ numbers are the occupied slots, oldest first; the others are the free ones.
    std::uint8_t order_[kFrames] = {};
    std::size_t used_ = 0;
};

}  // namespace holm::net::link
