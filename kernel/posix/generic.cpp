// syscall(): the call by number that libraries make themselves. libc++ waits for atomics with it, and
// libunwind asks whether an address can be read by passing it to rt_sigprocmask.

#include <stdarg.h>

#include "kernel/posix/system_call.h"

extern "C" long system_futex(long, long, long, long, long, long) __asm__(HOLM_SYMBOL_OF(__NR_futex));
extern "C" long system_gettid() __asm__(HOLM_SYMBOL_OF(__NR_gettid));

namespace holm::posix {
namespace {

Outcome generic_call(long number, const long (&arguments)[6]) {
    switch (number) {
        case __NR_futex:
            return system_futex(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                                arguments[5]);
        case __NR_gettid:
            return system_gettid();
        // libunwind takes success for "readable" and would read what may not be there; it lives with never.
        case __NR_rt_sigprocmask:
            return -EFAULT;
        default:
            return refuse(number, "through syscall()");
    }
}

}  // namespace

extern "C" long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long arguments[6];
    for (long& argument : arguments) argument = va_arg(list, long);
    va_end(list);
    const Outcome outcome = generic_call(number, arguments);
    if (outcome >= 0) return outcome;
    errno = static_cast<int>(-outcome);
    return -1;
}

// The C library's own calls whose number is not a constant.
extern "C" long __libos_syscall(long number, long, long, long, long, long, long) {
    return refuse(number, "by a computed number");
}

}  // namespace holm::posix
