#pragma once

// Frames on their way to a device that reads them later: copies, one behind the other in a ring of memory.
// They mostly leave in the order in which they came; one that leaves early is only marked, until those before
// it have left. Bounded by its capacity; its memory is allocated at the first frame and mostly untouched
// while traffic is low, because an empty arena starts again at its beginning.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace holm::drivers {

class TransmitArena {
  public:
    explicit TransmitArena(std::size_t capacity) : capacity_(capacity / kUnit * kUnit) {}

    // Room for `size` bytes, or an empty span if there is none now. Precondition: size != 0.
    MutableBytes allocate(std::size_t size);
    // The room that begins at `data` is not needed any more.
    void release(const std::byte* data);

    bool empty() const { return head_ == tail_ && !full_; }
    bool has_memory() const { return memory_ != nullptr; }

  private:
    static constexpr std::size_t kUnit = 64;

    struct Header {
        std::uint32_t units;  // that the record takes, this header included
        bool in_use;
    };

    Header* header_at(std::size_t unit) const {
        return reinterpret_cast<Header*>(memory_.get() + unit * kUnit);
    }

    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_;
    std::size_t head_ = 0;  // unit of the oldest record
    std::size_t tail_ = 0;  // first free unit
    bool full_ = false;     // head_ == tail_ means full rather than empty
};

}  // namespace holm::drivers
