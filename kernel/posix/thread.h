#pragma once

// A thread of the C library: a fiber on the stack and with the thread-local block that pthread_create made.

#include <cstdint>

#include "kernel/task/fiber.h"

namespace holm::posix {

// The first thread's number; others count up from it and are never used again.
inline constexpr int kFirstThread = 1;

struct Thread {
    int (*function)(void*);
    void* argument;
    int id;
    // Cleared, with a futex wake, once the thread is off its stack. musl gives its list lock here, which the
    // ending thread holds: so nobody sees it half gone.
    std::uint32_t* clear_at_end;
    // A mapping to give back then: the stack of a detached thread.
    std::uintptr_t mapping = 0;
    std::size_t mapping_size = 0;
    Fiber fiber;
};

}  // namespace holm::posix
