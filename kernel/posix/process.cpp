// The process as programs see it: one, number 1, that belongs to nobody in particular.

#include <signal.h>

#include "kernel/panic/panic.h"
#include "kernel/platform/end.h"
#include "kernel/posix/signals.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

constexpr int kProcessId = 1;
constexpr int kUser = 1000;  // not root: programs look at this to decide what to dare

Outcome signal_self(int signal) {
    Signals* signals = state().signals;
    if (signals != nullptr && Signals::is_deliverable(signal)) {
        if (signals->action(signal).handler == SIG_IGN || signals->deliver(signal)) return 0;
    }
    switch (signal) {
        case 0:
            return 0;
        case SIGABRT:
            panic("the service called abort()");
        case SIGKILL:
        case SIGTERM:
        case SIGINT:
            end_instance(this_core(), 128 + signal);
        default:
            return refuse_use("sending oneself a signal other than SIGABRT, SIGTERM, SIGINT and SIGKILL",
                              EINVAL);
    }
}

}  // namespace

SYSTEM_CALL(exit_group, int status) {
    end_instance(this_core(), status & 0xff);
}

SYSTEM_CALL(getpid) {
    return kProcessId;
}
SYSTEM_CALL(getppid) {
    return 0;
}
SYSTEM_CALL(getpgrp) {
    return kProcessId;
}
SYSTEM_CALL(getpgid, int process) {
    return process == 0 || process == kProcessId ? kProcessId : -ESRCH;
}
SYSTEM_CALL(getsid, int process) {
    return process == 0 || process == kProcessId ? kProcessId : -ESRCH;
}
SYSTEM_CALL(getuid) {
    return kUser;
}
SYSTEM_CALL(geteuid) {
    return kUser;
}
SYSTEM_CALL(getgid) {
    return kUser;
}
SYSTEM_CALL(getegid) {
    return kUser;
}
SYSTEM_CALL(umask) {
    return 022;
}  // nothing can be created, so the mask changes nothing

SYSTEM_CALL(kill, int process, int signal) {
    const bool self = process == kProcessId || process == 0 || process == -1 || process == -kProcessId;
    return self ? signal_self(signal) : -ESRCH;
}

SYSTEM_CALL(tkill, int thread, int signal) {
    return thread > 0 && thread <= state().last_thread_id ? signal_self(signal) : -ESRCH;
}

SYSTEM_CALL(tgkill, int, int thread, int signal) {
    return system_tkill(thread, signal);
}

}  // namespace holm::posix
