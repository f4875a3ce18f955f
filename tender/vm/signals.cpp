#include "tender/vm/signals.h"

#include <initializer_list>

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "tender/instance/failure.h"

namespace holm::tender {
namespace {

// What a handler works on; it has no other way to find anything.
struct State {
    Vcpu* vcpu;
    const GuestMemory* memory;
    volatile sig_atomic_t tick;
    volatile sig_atomic_t stop;
    volatile sig_atomic_t grace_over;
    volatile sig_atomic_t dump;
    bool asked_to_stop;
    // What ppoll is told. A handler makes it zero, so that no signal is slept through that comes after the
    // last look at the flags and before the kernel reads this.
    struct {
        volatile long seconds;
        volatile long nanoseconds;
    } timeout;
};
constinit State state{};

constexpr std::uint32_t kInsist = 250;  // milliseconds

void on_signal(int signal) {
    switch (signal) {
        case SIGPROF:
            state.tick = 1;
            break;
        case SIGTERM:
            state.stop = 1;
            // A write to the console may just be about to begin to wait: it is interrupted once more.
            if (!state.asked_to_stop) start_grace(kInsist);
            state.asked_to_stop = true;
            break;
        case SIGUSR1:
            state.dump = 1;
            break;
        default:
            state.grace_over = 1;
    }
    state.timeout.seconds = 0;
    state.timeout.nanoseconds = 0;
    state.vcpu->interrupt();
}

void on_fault(int, siginfo_t* info, void*) {
    if (state.memory->contains(info->si_addr))
        refuse(
            "the image's memory is gone where the tender needed it: a guard page in a structure that it "
            "passed, or "
            "the image's file was cut short");
    Sentence why;
    why.text("a defect of the tender itself: no memory at ");
    refuse(why.hexadecimal(reinterpret_cast<std::uint64_t>(info->si_addr)));
}

void set_action(int signal, const struct sigaction& action) {
    if (sigaction(signal, &action, nullptr) != 0) refuse_with_errno("cannot install a signal handler");
}

}  // namespace

void install_signal_handlers(Vcpu& vcpu, const GuestMemory& memory, unsigned ticks_per_second) {
    state.vcpu = &vcpu;
    state.memory = &memory;
    struct sigaction action{};
    action.sa_handler = SIG_IGN;
    set_action(SIGPIPE, action);
    // No SA_RESTART: a write to a console that nobody reads is interrupted as well.
    action.sa_handler = on_signal;
    sigfillset(&action.sa_mask);
    for (const int signal : {SIGPROF, SIGTERM, SIGALRM, SIGUSR1}) set_action(signal, action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    for (const int signal : {SIGSEGV, SIGBUS}) set_action(signal, action);

    // Whoever started the tender may have had signals blocked; that is inherited.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);

    timeval period{1, 0};
    if (ticks_per_second > 1) period = {0, 1'000'000 / ticks_per_second};
    const itimerval cpu_time{period, period};
    if (setitimer(ITIMER_PROF, &cpu_time, nullptr) != 0) refuse_with_errno("cannot start the watchdog timer");
}

Signals take_signals() {
    Signals taken;
    const auto take = [](volatile sig_atomic_t& flag) {
        if (!flag) return false;
        flag = 0;
        return true;
    };
    taken.tick = take(state.tick);
    taken.stop = take(state.stop);
    taken.grace_over = take(state.grace_over);
    taken.dump = take(state.dump);
    return taken;
}

int sleep_on(std::span<pollfd> descriptors, std::int64_t nanoseconds) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    constexpr std::int64_t kLongest =
        24 * 60 * 60 * kSecond;  // instead of none, which no handler can make zero
    if (nanoseconds < 0 || nanoseconds > kLongest) nanoseconds = kLongest;
    state.timeout.seconds = nanoseconds / kSecond;
    state.timeout.nanoseconds = nanoseconds % kSecond;
    if (state.tick || state.stop || state.grace_over || state.dump) return 0;
    // Not the C library's function, which hands the kernel a copy.
    return static_cast<int>(
        syscall(SYS_ppoll, descriptors.data(), descriptors.size(), &state.timeout, nullptr, 0));
}

void start_grace(std::uint32_t milliseconds) {
    const itimerval end{{0, kInsist * 1000}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
    setitimer(ITIMER_REAL, &end, nullptr);
}

}  // namespace holm::tender
