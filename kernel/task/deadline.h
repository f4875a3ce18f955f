#pragma once

// A bound on how long a task may take: `co_await with_deadline(when, task)` is the task's result or
// kTimedOut. At the deadline the task is cancelled.

#include "kernel/task/executor.h"
#include "kernel/task/task.h"

namespace holm {

namespace detail {

template <typename T>
struct TimedResult {
    using type = Result<T>;
};
template <typename T>
struct TimedResult<Result<T>> {
    using type = Result<T>;
};

template <typename T>
class [[nodiscard]] WithDeadline {
  public:
    using Value = typename detail::TimedResult<T>::type;

    WithDeadline(Instant deadline, Task<T> task) : alarm_(deadline, std::move(task)) {}

    bool await_ready() const noexcept { return !alarm_.task; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
        alarm_.waiter.arm(parent);
        alarm_.task.handle().promise().continue_with(parent);
        alarm_.start(executor().timers(), alarm_.until);
        return alarm_.task.handle();
    }
    Value await_resume() {
        if (alarm_.expired) return fail(ErrorCode::kTimedOut, "the deadline has passed");
        if constexpr (std::is_void_v<T>) {
            alarm_.task.take();
            return {};
        } else {
            return alarm_.task.take();
        }
    }

  private:
    struct Alarm final : Timer {
        Alarm(Instant deadline, Task<T> bounded)
            : Timer(on_expiry), until(deadline), task(std::move(bounded)) {}

        static void on_expiry(Timer& timer) {
            auto& self = static_cast<Alarm&>(timer);
            // Finished already: the awaiting task has been resumed and waits for something else by now, or is
            // about to take the result.
            if (self.task.handle().done()) return;
            self.expired = true;
            self.task = Task<T>();
            executor().post(self.waiter);
        }

        Instant until;
        CoroutineWaiter waiter{};
        bool expired = false;
        Task<T> task;
    };
    Alarm alarm_;
};

}  // namespace detail

// Both give a Result<T>, for a Task<T> as for a Task<Result<T>>.
template <typename T>
detail::WithDeadline<T> with_deadline(Instant deadline, Task<T> task) {
    return {deadline, std::move(task)};
}
template <typename T>
detail::WithDeadline<T> with_timeout(Duration timeout, Task<T> task) {
    return {executor().now() + timeout, std::move(task)};
}

}  // namespace holm
