#pragma once

// Waiting for time to pass, and letting others run.

#include "kernel/task/executor.h"
#include "kernel/task/task.h"

namespace holm {

namespace detail {

class [[nodiscard]] SleepUntil {
  public:
    explicit SleepUntil(Instant deadline) : alarm_(deadline) {}

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        alarm_.waiter.arm(handle);
        alarm_.start(executor().timers(), alarm_.until);
    }
    void await_resume() const noexcept {}

  private:
    struct Alarm final : Timer {
        explicit Alarm(Instant deadline)
            : Timer([](Timer& self) { executor().post(static_cast<Alarm&>(self).waiter); }),
              until(deadline) {}
        Instant until;
        CoroutineWaiter waiter;
    };
    Alarm alarm_;
};

class [[nodiscard]] Yield {
  public:
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        waiter_.arm(handle);
        executor().post(waiter_);
    }
    void await_resume() const noexcept {}

  private:
    CoroutineWaiter waiter_;
};

}  // namespace detail

// co_await sleep_until(deadline): goes on at the deadline or later; a core that slept is woken about 25 us
// late.
inline detail::SleepUntil sleep_until(Instant deadline) {
    return detail::SleepUntil(deadline);
}
inline detail::SleepUntil sleep(Duration duration) {
    return detail::SleepUntil(executor().now() + duration);
}

// co_await yield(): goes on when everything that is ready now has run once.
inline detail::Yield yield() {
    return {};
}

}  // namespace holm
