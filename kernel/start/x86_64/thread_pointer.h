#pragma once

// The two segment bases, which an image sets itself (FSGSBASE). None of this may be compiled with a stack
// protector.

#include <cstddef>
#include <cstdint>

#include "kernel/core.h"

namespace holm {

// What the compiler finds at FS before the C library has made thread-local storage: its own address, and the
// canary at offset 0x28 (System V ABI).
struct EarlyThread {
    EarlyThread* self;
    std::uint64_t unused[4];
    std::uint64_t canary;
};
static_assert(offsetof(EarlyThread, canary) == 0x28);

[[gnu::always_inline]] inline void set_core(Core& core) {
    core.self = &core;
    __asm__ volatile("wrgsbase %0" : : "r"(&core) : "memory");
}
// Null before set_core().
[[gnu::always_inline]] inline Core* core_if_set() {
    Core* core;
    __asm__ volatile("rdgsbase %0" : "=r"(core));
    return core;
}
[[gnu::always_inline]] inline void set_early_thread(EarlyThread& thread, std::uint64_t canary) {
    thread.self = &thread;
    thread.canary = canary;
    __asm__ volatile("wrfsbase %0" : : "r"(&thread) : "memory");
}

}  // namespace holm
