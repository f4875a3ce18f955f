#pragma once

// Frames that wait for the MAC address of their next hop. RFC 1122, section 2.3.2.2 asks to keep at least the
// latest.
//
// Bounds: kFrames and kBytes in all, kPerNeighbor and kBytesPerNeighbor for one address (the oldest make
// room): super-frames of UDP have no sender that sends them again. Memory is allocated as it is needed, and
// given back.

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
    static constexpr std::size_t kBytesPerNeighbor = std::size_t{80} * 1024;  // one of the largest, and some
    static constexpr std::size_t kBytes = 3 * kBytesPerNeighbor;

    // Copies the frame. Returns false if it could not be kept.
    bool keep(IpAddress next_hop, std::span<const Bytes> pieces, const Offload& offload);

    struct Frame {
        MutableBytes bytes;
        Offload offload;
    };
    // Calls visit(Frame) for each frame that waits for `next_hop`, oldest first, and forgets them.
    template <typename Visit>
    void release(IpAddress next_hop, Visit visit) {
        for (std::size_t i = 0; i < used_;) {
            if (slots_[order_[i]].next_hop != next_hop) {
                ++i;
                continue;
            }
            Slot& slot = slots_[order_[i]];
            visit(Frame{MutableBytes(slot.memory.get(), slot.size), slot.offload});
            remove(i);
        }
    }
    std::size_t count() const { return used_; }
    std::size_t bytes() const { return bytes_; }

  private:
    struct Slot {
        IpAddress next_hop;
        Offload offload;
        std::size_t size = 0;
        std::unique_ptr<std::byte[]> memory;
    };
    void make_room(const IpAddress& next_hop, std::size_t size);
    void remove(std::size_t position);

    std::unique_ptr<Slot[]> slots_;
    // The first used_ numbers are the occupied slots, oldest first; the others are the free ones.
    std::uint8_t order_[kFrames] = {};
    std::size_t used_ = 0;
    std::size_t bytes_ = 0;  // of all frames
};

}  // namespace holm::net::link
