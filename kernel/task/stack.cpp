#include "kernel/task/stack.h"

namespace holm {

Stack::Stack(memory::PageAllocator& pages, platform::Platform& platform, std::size_t size) {
    const std::size_t length = memory::pages_for(size);
    const memory::PageRun run = pages.allocate(length + 1);
    if (!run) return;
    std::byte* guard = pages.address_of(run.first);
    platform.guard_page(guard);
    low_ = guard + memory::kPageSize;
    size_ = length * memory::kPageSize;
}

}  // namespace holm
