#pragma once

// A stack with a guard page below it. A page that has become a guard stays one for the rest of the instance's
// life, so a stack's pages are never given back: whoever makes one keeps it for the next use.

#include <cstddef>

#include "kernel/memory/pages.h"
#include "kernel/platform/platform.h"

namespace holm {

class Stack {
  public:
    // `size` in bytes, rounded up to pages. Empty when there is no memory.
    Stack(memory::PageAllocator& pages, platform::Platform& platform, std::size_t size);

    explicit operator bool() const { return low_ != nullptr; }
    std::byte* low() const { return low_; }
    std::size_t size() const { return size_; }

  private:
    std::byte* low_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace holm
