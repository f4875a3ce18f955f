#include "kernel/platform/virtio/memory_plan.h"

#include <algorithm>

namespace holm::platform {

Result<MemoryPlan> MemoryPlan::create(std::span<const MemoryRange> memory, MemoryRange image) {
    MemoryPlan plan;
    for (const MemoryRange& range : memory) {
        plan.top_ = std::max(plan.top_, range.end);
        if (range.start <= image.start && image.end <= range.end) {
            plan.next_ = image.end;
            plan.end_ = range.end;
        } else if (range.size() > plan.other_.size()) {
            plan.other_ = range;
        }
    }
    if (plan.end_ == 0)
        return fail(ErrorCode::kInvalid, "the image does not lie in memory that the map calls usable");
    return plan;
}

Result<std::uint64_t> MemoryPlan::take(std::uint64_t bytes) {
    if (bytes > end_ - next_ || (bytes + kPage - 1) / kPage * kPage > end_ - next_)
        return fail(ErrorCode::kOutOfMemory, "the machine has no memory for more than the image");
    const std::uint64_t address = next_;
    next_ += (bytes + kPage - 1) / kPage * kPage;
    return address;
}

Result<std::uint64_t> MemoryPlan::take_behind_gap(std::uint64_t bytes) {
    TRY(take(kPage));
    return take(bytes);
}

MemoryRange MemoryPlan::heap(std::uint64_t tables, std::uint64_t wanted) const {
    const MemoryRange rest{end_ - next_ > tables ? next_ + tables : end_, end_};
    MemoryRange heap = rest.size() >= other_.size() || (wanted != 0 && rest.size() >= wanted) ? rest : other_;
    if (wanted != 0 && heap.size() > wanted) heap.end = heap.start + wanted;
    return heap;
}

}  // namespace holm::platform
