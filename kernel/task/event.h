#pragma once

// An event: what waits for it goes on once it is set, and nobody waits while it is set.

#include "kernel/task/executor.h"
#include "kernel/task/fiber.h"
#include "kernel/task/waiter.h"

namespace holm {

class Event {
  public:
    bool is_set() const { return set_; }

    void set() {
        set_ = true;
        executor().post_all(waiters_);
    }
    void reset() { set_ = false; }

    class [[nodiscard]] Wait {
      public:
        explicit Wait(Event& event) : event_(event) {}
        bool await_ready() const noexcept { return event_.set_; }
        template <typename Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            waiter_.arm(handle);
            event_.waiters_.push_back(waiter_);
        }
        void await_resume() const noexcept {}

      private:
        Event& event_;
        CoroutineWaiter waiter_;
    };
    // co_await event.wait()
    Wait wait() { return Wait(*this); }

  private:
    bool set_ = false;
    WaitList waiters_;
};

}  // namespace holm
