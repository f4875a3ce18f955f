#include "tender/process/upcall.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "tender/instance/failure.h"

namespace holm::tender {
namespace {

// The kernel's struct sigaction; the C library's own would insist on its own restorer.
struct KernelSignalAction {
    std::uint64_t handler;
    std::uint64_t flags;
    std::uint64_t restorer;
    std::uint64_t mask;
};

constexpr std::uint64_t kRestorer = 0x04000000;  // SA_RESTORER

constexpr std::uint64_t bit(int signal) {
    return std::uint64_t{1} << (signal - 1);
}

void set_action(int signal, const KernelSignalAction& action) {
    if (syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask) != 0)
        refuse_with_errno("cannot install an upcall");
}

}  // namespace

void install_upcall(std::uint64_t upcall, std::uint64_t restorer, AddressRange alternate_stack) {
    stack_t alternate{};
    alternate.ss_sp = reinterpret_cast<void*>(alternate_stack.start);
    alternate.ss_size = alternate_stack.size;
    if (sigaltstack(&alternate, nullptr) != 0) refuse_with_errno("cannot set the alternate stack");

    // A write to a stream socket whose other end is gone is an error for the image, not its end.
    set_action(SIGPIPE, {reinterpret_cast<std::uint64_t>(SIG_IGN), 0, 0, 0});
    // So is a write to a block device's file past what the operator's limits let it grow to.
    set_action(SIGXFSZ, {reinterpret_cast<std::uint64_t>(SIG_IGN), 0, 0, 0});

    // Stop requests and ticks wait while an upcall runs. A fault inside an upcall ends the process: its
    // signal is blocked.
    const KernelSignalAction action{upcall, SA_ONSTACK | SA_SIGINFO | SA_RESTART | kRestorer, restorer,
                                    bit(SIGTERM) | bit(SIGPROF)};
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGPROF, SIGTERM})
        set_action(signal, action);

    // Whoever started the tender may have had signals blocked; that is inherited.
    const std::uint64_t none = 0;
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none) != 0)
        refuse_with_errno("cannot unblock signals");

    const itimerval second_of_cpu_time{{1, 0}, {1, 0}};
    if (setitimer(ITIMER_PROF, &second_of_cpu_time, nullptr) != 0)
        refuse_with_errno("cannot start the watchdog timer");
}

}  // namespace holm::tender
