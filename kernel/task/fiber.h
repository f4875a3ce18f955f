#pragma once

// A fiber: code with a stack of its own, for what must block in the middle of a call chain: plain main(),
// std::thread, BSD sockets. It is scheduled by the executor exactly as a task is; it is switched away from
// only in suspend().

#include <cstddef>
#include <cstdint>

#include "base/instant.h"
#include "kernel/task/root.h"
#include "kernel/task/stack_switch.h"
#include "kernel/task/timer.h"
#include "kernel/task/waiter.h"

namespace holm {

class Fiber final : public TaskRoot, public Waiter {
  public:
    struct Start {
        void (*entry)(void* argument);
        void* argument;
        std::byte* stack_low;    // lowest usable byte; the page below is the owner's guard page
        std::size_t stack_size;  // bytes
        // FS base while the fiber runs; 0 shares the executor's, which is the first thread's.
        std::uintptr_t thread_pointer = 0;
        // Called on the executor's stack when entry has returned or exit() was called: may free stack and
        // fiber.
        void (*finished)(Fiber& fiber, void* argument) = nullptr;
        const char* name = "fiber";
    };

    // Prepares the stack; nothing runs before wake().
    explicit Fiber(const Start& start);
    // A fiber dies only before its first wake() or after it has finished.
    ~Fiber();

    // The fiber that is running, or null when a task or the kernel is.
    static Fiber* current();

    // Blocks the running fiber until wake() or the deadline; false if the deadline came first. A wake() that
    // came since the last suspend() counts: then it returns true at once. May return true without a wake():
    // check.
    static bool suspend(Instant deadline = Instant::never());

    // Lets others run; returns when its turn comes again.
    static void yield();

    // Ends the running fiber as if entry had returned.
    [[noreturn]] static void exit();

    // Makes the fiber ready, or makes its next suspend() return at once.
    void wake();

    // How long it has run, up to now.
    Duration processor_time() const;

    bool is_finished() const { return state_ == State::kFinished; }
    std::uintptr_t thread_pointer() const { return start_.thread_pointer; }
    // Changes the thread pointer of the running or suspended fiber.
    void set_thread_pointer(std::uintptr_t pointer);
    const Start& start() const { return start_; }
    // Where it will go on; for backtraces of suspended fibers.
    const void* saved_stack_pointer() const { return stack_pointer_; }

  private:
    enum class State : std::uint8_t { kReady, kRunning, kSuspended, kFinished };

    struct Alarm final : Timer {
        explicit Alarm(Fiber& owner);
        Fiber& fiber;
    };

    static void resume_fiber(Waiter& self);
    static void main(Fiber* fiber);
    void switch_in();
    void switch_out();

    Start start_;
    void* stack_pointer_;
    void* executor_stack_pointer_ = nullptr;
    Alarm timer_;
    Instant running_since_;
    Duration ran_;  // until it was last switched away from
    State state_ = State::kSuspended;
    bool ever_ran_ = false;
    bool wake_pending_ = false;
    bool timed_out_ = false;
    [[no_unique_address]] StackShadow shadow_;
};

}  // namespace holm
