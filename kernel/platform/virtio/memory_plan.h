#pragma once

// Who gets what of the machine's memory: behind the image what the boot makes, one thing after another, and
// then the heap: the rest there, or the largest other piece of memory if that is larger.

#include <cstdint>
#include <span>

#include "base/result.h"
#include "kernel/platform/virtio/start_info.h"

namespace holm::platform {

class MemoryPlan {
  public:
    static constexpr std::uint64_t kPage = 4096;

    // `image` is where the image lies, whole pages, as the VMM loaded it. Error: kInvalid when that is not
    // all memory.
    static Result<MemoryPlan> create(std::span<const MemoryRange> memory, MemoryRange image);

    // Physical address of the next `bytes` (rounded up to pages) behind what was taken before. A gap is a
    // page in front that is never mapped. Error: kOutOfMemory.
    Result<std::uint64_t> take(std::uint64_t bytes);
    Result<std::uint64_t> take_behind_gap(std::uint64_t bytes);

    // The end of what was taken.
    std::uint64_t taken() const { return next_; }
    // What a heap could have, if `tables` more bytes are taken first, and at most `wanted` bytes if that is
    // not 0.
    MemoryRange heap(std::uint64_t tables, std::uint64_t wanted) const;

    // The end of all memory.
    std::uint64_t top() const { return top_; }

  private:
    std::uint64_t next_ = 0;
    std::uint64_t end_ = 0;  // of the piece of memory that the image is in
    MemoryRange other_;      // the largest other piece
    std::uint64_t top_ = 0;
};

}  // namespace holm::platform
