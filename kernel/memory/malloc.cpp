// The C library's allocator is the core's heap. musl's own callers come here too (toolchain/sysroot), as does
// operator new.

#include <bit>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "kernel/core.h"
#include "kernel/memory/heap.h"

namespace {

holm::memory::Heap& heap() {
    return *holm::this_core().heap;
}

void* checked(void* memory) {
    if (memory == nullptr) [[unlikely]]
        errno = ENOMEM;
    return memory;
}

}  // namespace

extern "C" {

void* malloc(size_t size) {
    return checked(heap().allocate(size));
}

void free(void* address) {
    heap().release(address);
}

void* calloc(size_t count, size_t size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return checked(nullptr);
    return checked(heap().allocate_zeroed(bytes));
}

void* realloc(void* address, size_t size) {
    return checked(heap().resize(address, size));
}

void* aligned_alloc(size_t alignment, size_t size) {
    if (!std::has_single_bit(alignment)) {
        errno = EINVAL;
        return nullptr;
    }
    return checked(heap().allocate(size, alignment));
}

size_t malloc_usable_size(void* address) {
    return heap().usable_size(address);
}

}  // extern "C"
