// Signals. Faults end in the panic screen, nothing sends any other, and what a service may want to handle is
// the operator's request to stop. So a handler for SIGTERM or SIGINT is kept for that; other handlers are
// refused, because they would wait for ever.

#include "kernel/posix/signals.h"

#include <cstddef>

#include <errno.h>

#include "kernel/platform/end.h"
#include "kernel/posix/state.h"
#include "kernel/posix/wait.h"
#include "kernel/start/machine.h"
#include "kernel/task/executor.h"

namespace holm::posix {
namespace {

constexpr std::size_t kHandlerStack = 64 * 1024;  // bytes

bool is_handler(const Signals::Action& action) {
    return action.handler != SIG_DFL && action.handler != SIG_IGN;
}

}  // namespace

Signals::StopRequest::StopRequest(Signals& owner)
    : Waiter([](Waiter& self) { static_cast<StopRequest&>(self).signals.on_stop_request(); }),
      signals(owner) {}

Outcome Signals::await_stop_request() {
    if (awaiting_) return 0;
    Core& core = this_core();
    stack_.emplace(*core.pages, *core.platform, kHandlerStack);
    if (!*stack_) return -ENOMEM;
    awaiting_ = true;
    core.machine->stop();  // with that, the instance is not ended at once
    core.executor->on_stop_request(stop_request_);
    return 0;
}

void Signals::on_stop_request() {
    if (terminate_.handler == SIG_DFL && !is_handler(interrupt_)) end_instance(this_core(), 128 + SIGTERM);
    fiber_.emplace(Fiber::Start{
        .entry =
            [](void* argument) {
                auto& signals = *static_cast<Signals*>(argument);
                if (!signals.deliver(SIGTERM)) signals.deliver(SIGINT);
            },
        .argument = this,
        .stack_low = stack_->low(),
        .stack_size = stack_->size(),
        .name = "signal handler",
    });
    fiber_->wake();
}

bool Signals::deliver(int signal) {
    const Action chosen = action(signal);
    if (!is_handler(chosen)) return false;
    if ((chosen.flags & SA_RESETHAND) != 0) action(signal).handler = SIG_DFL;
    const int saved = errno;  // of the first thread, which may be between a call and its look at errno
    chosen.handler(signal);
    errno = saved;
    state().interruptible.for_each(
        [&](InterruptibleWait& wait) { wait.interrupt((chosen.flags & SA_RESTART) != 0); });
    return true;
}

SYSTEM_CALL(rt_sigaction, int signal, const Signals::Action* action, Signals::Action* old) {
    if (signal < 1 || signal >= _NSIG || ((signal == SIGKILL || signal == SIGSTOP) && action != nullptr)) {
        return -EINVAL;
    }
    if (!Signals::is_deliverable(signal)) {
        if (action != nullptr && is_handler(*action)) {
            return refuse_use("a handler for a signal other than SIGTERM and SIGINT", EINVAL);
        }
        if (old != nullptr) *old = {};
        return 0;
    }
    Signals* signals = part(&State::signals);
    if (signals == nullptr) return -ENOMEM;
    if (old != nullptr) *old = signals->action(signal);
    if (action == nullptr) return 0;
    // Also to ignore it: then the grace period is all that ends the instance.
    if (action->handler != SIG_DFL) {
        if (const Outcome outcome = signals->await_stop_request(); outcome < 0) return outcome;
    }
    signals->action(signal) = *action;
    return 0;
}

}  // namespace holm::posix
