#include "kernel/task/fiber.h"

#include <cassert>
#include <cstdint>
#include <new>
#include <utility>

#include "kernel/task/executor.h"

extern "C" {
[[gnu::visibility("hidden")]] void holm_switch_context(void** save, void* load);
[[gnu::visibility("hidden")]] void holm_fiber_entry();
}

namespace holm {

// As holm_switch_context leaves it on the stack.
struct SavedContext {
    std::uint32_t mxcsr = 0x1f80;  // all exceptions masked, round to nearest: the state at a program's start
    std::uint16_t x87_control = 0x037f;
    std::uint16_t padding = 0;
    void* r15 = nullptr;
    void* r14 = nullptr;
    void (*r13)(Fiber*) = nullptr;
    Fiber* r12 = nullptr;
    void* rbx = nullptr;
    void* rbp = nullptr;
    void (*return_address)() = nullptr;
    void* end_of_stack = nullptr;  // a null frame pointer and a null return address end a backtrace
};

Fiber::Fiber(const Start& start)
    : TaskRoot(start.name), Waiter(resume_fiber, this), start_(start), timer_(*this) {
    auto top = reinterpret_cast<std::uintptr_t>(start.stack_low) + start.stack_size;
    top = (top & ~std::uintptr_t{15}) - 16;
    // After holm_switch_context has returned, the stack pointer is where `end_of_stack` lies: 16-byte
    // aligned.
    auto* context = reinterpret_cast<SavedContext*>(top + 8 - sizeof(SavedContext));
    static_assert(sizeof(SavedContext) == 72);
    ::new (context) SavedContext;
    context->r12 = this;
    context->r13 = &Fiber::main;
    context->return_address = holm_fiber_entry;
    stack_pointer_ = context;
    executor().roots().push_back(*this);
}

Fiber::~Fiber() {
    assert(state_ == State::kFinished || !ever_ran_);
}

Fiber* Fiber::current() {
    return executor().running_fiber();
}

void Fiber::main(Fiber* fiber) {
    fiber->shadow_.arrive_in_fiber();
    fiber->start_.entry(fiber->start_.argument);
    exit();
}

Duration Fiber::processor_time() const {
    return state_ == State::kRunning ? ran_ + (executor().now() - running_since_) : ran_;
}

void Fiber::exit() {
    Fiber& self = *current();
    self.state_ = State::kFinished;
    self.switch_out();
    std::unreachable();
}

void Fiber::resume_fiber(Waiter& self) {
    static_cast<Fiber&>(self).switch_in();
}

// On the executor's stack.
void Fiber::switch_in() {
    Executor& here = executor();
    state_ = State::kRunning;
    ever_ran_ = true;
    here.set_running_fiber(this);
    running_since_ = here.now();
    {
        const ThreadPointerSwitch thread_pointer(start_.thread_pointer);
        shadow_.leave_executor(start_.stack_low, start_.stack_size);
        holm_switch_context(&executor_stack_pointer_, stack_pointer_);
        shadow_.arrive_in_executor();
    }
    here.set_running_fiber(nullptr);
    ran_ = ran_ + (here.now() - running_since_);
    if (state_ == State::kFinished && start_.finished) start_.finished(*this, start_.argument);
}

// On the fiber's stack.
void Fiber::switch_out() {
    shadow_.leave_fiber(state_ == State::kFinished);
    holm_switch_context(&stack_pointer_, executor_stack_pointer_);
    shadow_.arrive_in_fiber();
}

bool Fiber::suspend(Instant deadline) {
    Fiber& self = *current();
    if (std::exchange(self.wake_pending_, false)) return true;
    self.timed_out_ = false;
    if (!deadline.is_never()) self.timer_.start(executor().timers(), deadline);
    self.state_ = State::kSuspended;
    self.switch_out();
    self.timer_.stop();
    return !self.timed_out_;
}

void Fiber::yield() {
    Fiber& self = *current();
    self.state_ = State::kReady;
    executor().post(self);
    self.switch_out();
}

void Fiber::wake() {
    if (state_ == State::kSuspended) {
        state_ = State::kReady;
        executor().post(*this);
    } else {
        wake_pending_ = true;
    }
}

Fiber::Alarm::Alarm(Fiber& owner)
    : Timer([](Timer& timer) {
          Fiber& fiber = static_cast<Alarm&>(timer).fiber;
          // A wake() that came first has made it ready and counts.
          if (fiber.state_ != State::kSuspended) return;
          fiber.timed_out_ = true;
          fiber.wake();
      }),
      fiber(owner) {}

void Fiber::set_thread_pointer(std::uintptr_t pointer) {
    start_.thread_pointer = pointer;
    if (current() == this) ThreadPointerSwitch::set(pointer);
}

}  // namespace holm
