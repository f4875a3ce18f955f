// Signals. None is ever delivered: faults end in the panic screen, and a stop request reaches the service
// through Machine. So masks are accepted, because blocking what never comes is the truth, and handlers are
// refused.

#include <cstddef>

#include <signal.h>
#include <string.h>

#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

// As the kernel's rt_sigaction has it.
struct KernelAction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    unsigned long mask;
};

}  // namespace

SYSTEM_CALL(rt_sigaction, int signal, const KernelAction* action, KernelAction* old) {
    if (signal < 1 || signal >= _NSIG || ((signal == SIGKILL || signal == SIGSTOP) && action != nullptr))
        return -EINVAL;
    if (action != nullptr && action->handler != SIG_DFL && action->handler != SIG_IGN) {
        return refuse_use("a signal handler (ask Machine for stop requests)", EINVAL);
    }
    if (old != nullptr) *old = {};
    return 0;
}

SYSTEM_CALL(rt_sigprocmask, int, const void*, void* old, std::size_t size) {
    if (size != _NSIG / 8) return -EINVAL;
    if (old != nullptr) memset(old, 0, size);
    return 0;
}

SYSTEM_CALL(rt_sigpending, void* pending, std::size_t size) {
    if (size > _NSIG / 8) return -EINVAL;
    memset(pending, 0, size);
    return 0;
}

}  // namespace holm::posix
