#pragma once

// The executor of a core: takes in what devices have, runs what is ready, lets devices send, and sleeps until
// the next timer or event. One thread of control, no interrupts: what is running runs until it suspends
// itself.

#include <cstdint>

#include "base/instant.h"
#include "kernel/core.h"
#include "kernel/platform/platform.h"
#include "kernel/task/poller.h"
#include "kernel/task/root.h"
#include "kernel/task/timer.h"
#include "kernel/task/waiter.h"
#include "kernel/time/time_source.h"

namespace holm {

class Executor {
  public:
    Executor(platform::Platform& platform, TimeSource& time);
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    // Makes a suspended thing ready; it leaves the list it waits in. Nothing runs before the caller suspends.
    void post(Waiter& waiter) { ready_.push_back(waiter); }
    // The same, before all that is ready.
    void post_front(Waiter& waiter) { ready_.push_front(waiter); }
    // Makes everything in the list ready, in order.
    void post_all(WaitList& waiters) { ready_.append(waiters); }

    Timers& timers() { return timers_; }
    Instant now() { return time_.now(); }

    // Processor time since the core's clock began: what was not spent asleep. (What the host gave to others
    // meanwhile cannot be seen from here and counts.)
    Duration processor_time() { return time_.now() - Instant() - slept_; }

    // The device is polled until it is unlinked or destroyed.
    void add(Poller& poller) { pollers_.push_back(poller); }

    // `waiter` becomes ready when the operator asks the instance to stop; at once if that has happened.
    void on_stop_request(Waiter& waiter) {
        if (stop_noticed_) {
            post(waiter);
        } else {
            stop_waiters_.push_back(waiter);
        }
    }

    // Runs until stop() is called.
    void run();
    void stop() { stopping_ = true; }

    // Whom the running code belongs to; null for the kernel itself.
    TaskRoot* current() const { return current_; }
    void set_current(TaskRoot* root) { current_ = root; }

    // The fiber that is running, if it is one.
    Fiber* running_fiber() const { return running_fiber_; }
    void set_running_fiber(Fiber* fiber) { running_fiber_ = fiber; }

    // All tasks and fibers there are.
    RootList& roots() { return roots_; }

    // Rises whenever something new is run: a watchdog that sees no change knows that the core is hogged.
    std::uint64_t progress() const { return progress_; }
    // True if somebody could be waiting for the core.
    bool has_others_waiting() const { return roots_.has_several() || !pollers_.empty(); }

  private:
    static constexpr unsigned kMaxPollers = 64;

    void notice_stop();
    void run_ready();
    bool receive(Instant now);
    Instant transmit();
    void idle(Instant deadline);
    // True if a device had something before that.
    bool spin(Instant& now, Instant until);
    void sleep(Instant now, Instant deadline);

    platform::Platform& platform_;
    TimeSource& time_;
    const platform::Polling polling_;
    WaitList ready_;
    Timers timers_;
    IntrusiveList<Poller, void> pollers_;
    WaitList stop_waiters_;
    RootList roots_;
    TaskRoot* current_ = nullptr;
    Fiber* running_fiber_ = nullptr;
    std::uint64_t progress_ = 0;
    Instant last_receive_;  // when devices were last asked
    Instant last_wait_;     // when the platform's wait() was last called
    Duration slept_;        // in sum
    // After a spin in vain so many sleeps follow without one; each spin that was not in vain halves it.
    unsigned sleeps_without_spin_;
    unsigned sleeps_to_come_;  // of those
    bool stopping_ = false;
    bool stop_noticed_ = false;  // stop_waiters_ have been told
};

// The executor of this core.
inline Executor& executor() {
    return *this_core().executor;
}

}  // namespace holm
