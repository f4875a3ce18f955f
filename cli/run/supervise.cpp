#include "cli/run/supervise.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

#include <sys/wait.h>

#include "cli/text/format.h"

namespace holm::cli {
namespace {

using Clock = std::chrono::steady_clock;

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&set, number);
    return set;
}

class Supervisor {
  public:
    explicit Supervisor(const Supervision& supervision) : supervision_(supervision) {}

    int run() {
        const sigset_t handled = handled_signals();
        while (!status_) {
            collect_ended();
            if (status_) break;
            const int number = wait_for_signal(handled);
            if (number == 0) {
                kill_now();
            } else if (number > 0 && number != SIGCHLD) {
                request_stop(number);
            }
        }
        return report(*status_);
    }

  private:
    // The signal; 0: the grace period is over; negative: interrupted.
    int wait_for_signal(const sigset_t& handled) const {
        if (!deadline_) return sigwaitinfo(&handled, nullptr);
        const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(*deadline_ - Clock::now());
        if (left.count() <= 0) return 0;
        const timespec timeout{static_cast<time_t>(left.count() / 1'000'000'000),
                               left.count() % 1'000'000'000};
        const int number = sigtimedwait(&handled, nullptr, &timeout);
        return number < 0 && errno == EAGAIN ? 0 : number;
    }

    void collect_ended() {
        int status = 0;
        for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
            if (ended == supervision_.tender) status_ = status;
            Passt* passt = supervision_.passt;
            if (passt != nullptr && ended == passt->pid()) {
                passt->ended();
                if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;  // the instance closed its end
                print_line(stderr, "holm: passt ended, so {} is off the network: {}", supervision_.name,
                           passt->complaint());
                passt_failed_ = true;
                request_stop(SIGTERM);
            }
        }
    }

    void request_stop(int number) {
        if (deadline_ && number != SIGTERM) return kill_now();  // a second Ctrl-C
        if (deadline_) return;
        kill(supervision_.tender, SIGTERM);
        deadline_ = Clock::now() + supervision_.grace + supervision_.margin;
    }

    void kill_now() {
        killed_ = true;
        kill(supervision_.tender, SIGKILL);
        deadline_ = Clock::now() + std::chrono::hours(1);
    }

    int report(int status) const {
        if (WIFEXITED(status)) {
            const int own = WEXITSTATUS(status);
            return passt_failed_ && own == 0 ? 1 : own;
        }
        const int number = WTERMSIG(status);
        print_line(stderr, "holm: {}", describe_signal(supervision_.name, number, killed_));
        return 128 + number;
    }

    const Supervision& supervision_;
    std::optional<int> status_;  // of the tender, as waitpid gives it
    std::optional<Clock::time_point> deadline_;
    bool killed_ = false;
    bool passt_failed_ = false;
};

}  // namespace

void hold_signals() {
    // An ignored signal is lost even while it is held back. Whoever started this may have had it ignore
    // SIGINT and SIGHUP on purpose (a shell's background, nohup); a request to stop is for us.
    signal(SIGTERM, SIG_DFL);
    const sigset_t handled = handled_signals();
    sigprocmask(SIG_BLOCK, &handled, nullptr);
}

int supervise(const Supervision& supervision) {
    return Supervisor(supervision).run();
}

std::string describe_signal(const std::string& name, int signal_number, bool killed) {
    switch (signal_number) {
        case SIGSYS:
            return formatted(
                "{0} was ended by its sandbox: it made a system call that an image may not make; holm run "
                "--trace-syscalls {0} shows the calls before it",
                name);
        case SIGKILL:
            return killed
                       ? formatted("{} did not stop in time and was killed", name)
                       : formatted("{} was killed from outside, by somebody or because memory ran out", name);
        case SIGTERM:
            return formatted("{} was stopped before it was ready to handle a stop request", name);
        case SIGSEGV:
        case SIGBUS:
        case SIGILL:
        case SIGFPE:
        case SIGTRAP:
            return formatted("{} crashed ({}) where it could not report it any more", name,
                             strsignal(signal_number));
        default:
            return formatted("{} was ended by signal {} ({})", name, signal_number, strsignal(signal_number));
    }
}

}  // namespace holm::cli
