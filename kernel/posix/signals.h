#pragma once

// What a service has said about signals. One thing is ever delivered: the operator's request to stop, as
// SIGTERM, or as SIGINT to a service that handles only that.

#include <optional>

#include <signal.h>

#include "kernel/posix/system_call.h"
#include "kernel/task/fiber.h"
#include "kernel/task/stack.h"
#include "kernel/task/waiter.h"

namespace holm::posix {

class Signals {
  public:
    // As the kernel's rt_sigaction has it.
    struct Action {
        void (*handler)(int) = SIG_DFL;
        unsigned long flags = 0;
        void (*restorer)() = nullptr;
        unsigned long mask = 0;
    };

    static bool is_deliverable(int signal) { return signal == SIGTERM || signal == SIGINT; }
    Action& action(int signal) { return signal == SIGTERM ? terminate_ : interrupt_; }

    // From now on the stop request comes here. -ENOMEM when there is no room for the handler's stack.
    Outcome await_stop_request();

    // Runs the handler, on the caller's stack, and ends the waits it interrupts. False: there is no handler.
    bool deliver(int signal);

  private:
    struct StopRequest final : Waiter {
        explicit StopRequest(Signals& owner);
        Signals& signals;
    };
    void on_stop_request();

    Action terminate_;
    Action interrupt_;
    StopRequest stop_request_{*this};
    bool awaiting_ = false;
    std::optional<Stack> stack_;
    std::optional<Fiber> fiber_;  // on which the handler runs
};

}  // namespace holm::posix
