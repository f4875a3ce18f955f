#include "kernel/task/task.h"

#include <cstdlib>

#include "kernel/panic/panic.h"

namespace holm::detail {

void* allocate_frame(std::size_t size) noexcept {
    return std::malloc(size);
}

void release_frame(void* frame) noexcept {
    std::free(frame);
}

void frame_not_allocated() {
    panic("out of memory: no room for a task's frame");
}

}  // namespace holm::detail
