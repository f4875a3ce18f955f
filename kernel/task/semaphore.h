#pragma once

// A counting semaphore between tasks of one core: first come, first served. A task that is cancelled while it
// waits, or before it could use the permit it was given, leaves the permit to the next.

#include <cstddef>
#include <utility>

#include "kernel/task/executor.h"
#include "kernel/task/waiter.h"

namespace holm {

class Semaphore {
  public:
    explicit Semaphore(std::size_t permits) : permits_(permits) {}

    // co_await semaphore.acquire() takes one permit, to be given back with release(). False only after
    // turn_away_all().
    class Acquire : public CoroutineWaiter {
      public:
        explicit Acquire(Semaphore& semaphore) : semaphore_(semaphore) {}
        ~Acquire() {
            if (granted_) semaphore_.release();
        }
        bool await_ready() noexcept { return granted_ = semaphore_.try_acquire(); }
        template <typename Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            arm(handle);
            semaphore_.waiters_.push_back(*this);
        }
        bool await_resume() noexcept { return std::exchange(granted_, false); }

      private:
        friend class Semaphore;
        Semaphore& semaphore_;
        bool granted_ = false;
    };
    [[nodiscard]] Acquire acquire() { return Acquire(*this); }

    bool try_acquire() {
        if (permits_ == 0) return false;
        --permits_;
        return true;
    }

    void release() {
        if (waiters_.empty()) {
            ++permits_;
            return;
        }
        auto& next = static_cast<Acquire&>(*waiters_.pop_front());
        next.granted_ = true;
        executor().post(next);
    }

    // Makes every acquire() that waits return false.
    void turn_away_all() { executor().post_all(waiters_); }

    std::size_t available() const { return permits_; }

  private:
    std::size_t permits_;
    WaitList waiters_;
};

}  // namespace holm
