#include "kernel/posix/wait.h"

#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {

Fiber& blocking_fiber(const char* call) {
    Fiber* fiber = Fiber::current();
    if (fiber == nullptr) cannot_block(call);
    return *fiber;
}

void let_others_run() {
    if (Fiber::current() != nullptr) Fiber::yield();
}

Outcome asked_in_vain() {
    // Rarely: event loops get this answer for each file they have emptied, and wait properly afterwards.
    constexpr unsigned kPatience = 64;
    if (++state().asked_in_vain % kPatience == 0) let_others_run();
    return -EAGAIN;
}

Outcome wait_until_ready(OpenFile& file, short events, Instant deadline, const char* call, bool restartable) {
    Fiber& fiber = blocking_fiber(call);
    FiberWatch watch(fiber);
    const InterruptibleWait wait(fiber, restartable);
    file.watch(watch);
    while ((file.ready() & (events | POLLERR | POLLHUP)) == 0) {
        if (!Fiber::suspend(deadline)) return -EAGAIN;
        if (wait.is_interrupted()) return -EINTR;
    }
    return 0;
}

}  // namespace holm::posix
