#pragma once

// What else changes with the stack: the thread pointer in an image, AddressSanitizer's idea of the stack in a
// host test.

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLM_ADDRESS_SANITIZER 1
#include <sanitizer/common_interface_defs.h>
#endif
#endif

namespace holm {

#ifdef HOLM_GUEST
// FS base of what runs; 0 means: that of the executor. Restores the executor's when it goes out of scope.
class ThreadPointerSwitch {
  public:
    explicit ThreadPointerSwitch(std::uintptr_t pointer) {
        __asm__ volatile("rdfsbase %0" : "=r"(saved_));
        if (pointer != 0) set(pointer);
    }
    ThreadPointerSwitch(const ThreadPointerSwitch&) = delete;
    ThreadPointerSwitch& operator=(const ThreadPointerSwitch&) = delete;
    ~ThreadPointerSwitch() { set(saved_); }

    static void set(std::uintptr_t pointer) { __asm__ volatile("wrfsbase %0" : : "r"(pointer) : "memory"); }

  private:
    std::uintptr_t saved_;
};
#else
// A host test's fibers share the thread pointer of their thread.
class ThreadPointerSwitch {
  public:
    explicit ThreadPointerSwitch(std::uintptr_t) {}
    ~ThreadPointerSwitch() {}
    static void set(std::uintptr_t) {}
};
#endif

// Told to AddressSanitizer before and after each switch, with where it keeps the fake stack of what is left.
struct StackShadow {
#ifdef HOLM_ADDRESS_SANITIZER
    void* fiber = nullptr;
    void* executor = nullptr;
    const void* executor_stack = nullptr;
    std::size_t executor_stack_size = 0;

    void leave_executor(const void* stack, std::size_t size) {
        __sanitizer_start_switch_fiber(&executor, stack, size);
    }
    void arrive_in_fiber() { __sanitizer_finish_switch_fiber(fiber, &executor_stack, &executor_stack_size); }
    void leave_fiber(bool for_good) {
        __sanitizer_start_switch_fiber(for_good ? nullptr : &fiber, executor_stack, executor_stack_size);
    }
    void arrive_in_executor() { __sanitizer_finish_switch_fiber(executor, nullptr, nullptr); }
#else
    void leave_executor(const void*, std::size_t) {}
    void arrive_in_fiber() {}
    void leave_fiber(bool) {}
    void arrive_in_executor() {}
#endif
};

}  // namespace holm
