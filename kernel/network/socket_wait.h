#pragma once

// What the awaitables of sockets have in common: a coroutine that waits in a socket's list until its
// condition holds or its deadline passes. Observers post whole lists, so a waiter that was woken for
// something else waits on.

#include <coroutine>

#include "base/instant.h"
#include "kernel/task/executor.h"
#include "kernel/task/timer.h"
#include "kernel/task/waiter.h"

namespace holm {

class SocketWait : public Waiter {
  public:
    SocketWait(const SocketWait&) = delete;
    SocketWait& operator=(const SocketWait&) = delete;

    bool await_ready() { return ready_(*this); }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
        handle_ = handle;
        if constexpr (requires { handle.promise().root(); }) set_root(handle.promise().root());
        list_.push_back(*this);
        if (!deadline_.is_never()) alarm_.start(executor().timers(), deadline_);
    }

  protected:
    // Tries to do what is waited for; true when there is a result. It runs again after each notification.
    using Ready = bool(SocketWait&);

    SocketWait(Ready* ready, WaitList& list, Instant deadline)
        : Waiter(resume_if_ready), ready_(ready), list_(list), deadline_(deadline), alarm_(*this) {}
    ~SocketWait() = default;

    bool timed_out() const { return timed_out_; }

  private:
    struct Alarm final : Timer {
        explicit Alarm(SocketWait& wait)
            : Timer([](Timer& self) {
                  SocketWait& late = static_cast<Alarm&>(self).owner;
                  late.timed_out_ = true;
                  executor().post(late);
              }),
              owner(wait) {}
        SocketWait& owner;
    };

    static void resume_if_ready(Waiter& self) {
        auto& wait = static_cast<SocketWait&>(self);
        if (wait.ready_(wait)) {
            wait.timed_out_ = false;  // in the last moment, but there
        } else if (!wait.timed_out_) {
            wait.list_.push_back(wait);
            return;
        }
        wait.alarm_.stop();
        wait.handle_.resume();
    }

    Ready* ready_;
    WaitList& list_;
    Instant deadline_;
    bool timed_out_ = false;
    std::coroutine_handle<> handle_;
    Alarm alarm_;
};

}  // namespace holm
