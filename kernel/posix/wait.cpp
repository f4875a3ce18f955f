#include "kernel/posix/wait.h"

#include "kernel/posix/system_call.h"

namespace holm::posix {

Fiber& blocking_fiber(const char* call) {
    Fiber* fiber = Fiber::current();
    if (fiber == nullptr) cannot_block(call);
    return *fiber;
}

Outcome wait_until_ready(OpenFile& file, short events, Instant deadline, const char* call) {
    FiberWatch watch(blocking_fiber(call));
    file.watch(watch);
    while ((file.ready() & (events | POLLERR | POLLHUP)) == 0) {
        if (!Fiber::suspend(deadline)) return -EAGAIN;
    }
    return 0;
}

}  // namespace holm::posix
