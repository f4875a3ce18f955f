#pragma once

// Waiting for files, in the middle of a system call: the calling fiber gives up the core until a file it
// watches may have become ready.

#include "base/instant.h"
#include "kernel/posix/open_file.h"
#include "kernel/posix/state.h"
#include "kernel/task/fiber.h"

namespace holm::posix {

// Wakes the fiber that made it whenever the watched file changes.
class FiberWatch final : public Watch {
  public:
    explicit FiberWatch(Fiber& fiber) : fiber_(fiber) {}
    void changed() override { fiber_.wake(); }

  private:
    Fiber& fiber_;
};

// A wait that a signal handler ends early, for as long as this lives.
class InterruptibleWait : public ListHook<> {
  public:
    // A restartable wait goes on when the handler was installed with SA_RESTART.
    InterruptibleWait(Fiber& fiber, bool restartable) : fiber_(fiber), restartable_(restartable) {
        state().interruptible.push_back(*this);
    }
    bool is_interrupted() const { return interrupted_; }
    void interrupt(bool restart) {
        if (restart && restartable_) return;
        interrupted_ = true;
        fiber_.wake();
    }

  private:
    Fiber& fiber_;
    bool restartable_;
    bool interrupted_ = false;
};

// The running fiber; panics naming `call` if there is none, because a task must not block the core.
Fiber& blocking_fiber(const char* call);

// Gives the devices and other fibers their turn, for a program that asks again and again without ever
// waiting: what it asks for could not arrive otherwise.
void let_others_run();

// -EAGAIN, after letting others run now and then.
Outcome asked_in_vain();

// Until the file is ready for one of `events`, or in error. -EAGAIN when the deadline came first, -EINTR
// after a signal handler.
Outcome wait_until_ready(OpenFile& file, short events, Instant deadline, const char* call,
                         bool restartable = true);

// Repeats an operation that says -EAGAIN, waiting in between, unless the file is non-blocking.
template <typename Operation>
Outcome when_ready(OpenFile& file, short events, const char* call, Operation operation) {
    for (;;) {
        const Outcome outcome = operation();
        if (outcome != -EAGAIN) return outcome;
        if (file.is_non_blocking()) return asked_in_vain();
        const Outcome waited = wait_until_ready(file, events, Instant::never(), call);
        if (waited < 0) return waited;
    }
}

}  // namespace holm::posix
