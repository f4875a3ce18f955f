#include "tender/process/trace.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tender/instance/failure.h"
#include "tender/sandbox/system_calls.h"

namespace holm::tender {
namespace {

constexpr int kSystemCallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

pid_t traced = 0;

void pass_on(int signal) {
    kill(traced, signal);
}

// glibc and musl disagree on <sys/ptrace.h>; the kernel's own header and the plain call serve both.
long trace(long request, long address, void* data) {
    return syscall(SYS_ptrace, request, traced, address, data);
}

void print(const Sentence& line) {
    // A reader that went away does not change what is traced.
    [[maybe_unused]] const ssize_t written = write(2, line.view().data(), line.view().size());
}

class Tracer {
  public:
    // Ends with the status of the traced process.
    [[noreturn]] void run() {
        int status = 0;
        for (;;) {
            if (waitpid(traced, &status, 0) < 0) {
                if (errno == EINTR) continue;
                refuse_with_errno("cannot trace");
            }
            if (WIFEXITED(status) || WIFSIGNALED(status)) end(status);
            int signal = WSTOPSIG(status);
            if (signal == kSystemCallStop) {
                note_system_call();
                signal = 0;
            }
            trace(PTRACE_SYSCALL, 0, reinterpret_cast<void*>(static_cast<long>(signal)));
        }
    }

  private:
    void note_system_call() {
        ptrace_syscall_info info{};
        if (trace(PTRACE_GET_SYSCALL_INFO, sizeof info, &info) < 0) return;
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
            if (pending_) print_result();
            entry_ = info;
            pending_ = inside_;
        } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
            result_ = info.exit.rval;
            // A call that the filter killed is seen to return its own number; whether that happened shows
            // next.
            if (pending_ && result_ != static_cast<std::int64_t>(entry_.entry.nr)) print_result();
            // The tender's last call is the one that installs the filter; all later ones are the image's.
            if (entry_.entry.nr == SYS_seccomp && entry_.entry.args[0] == 1 && info.exit.rval == 0)
                inside_ = true;
        }
    }

    Sentence describe_call() const {
        Sentence line;
        line.text("[holm-process] ");
        if (const SystemCall* call = find_system_call(entry_.entry.nr))
            line.text(call->name);
        else
            line.text("system call ").decimal(entry_.entry.nr);
        line.text("(");
        for (int i = 0; i < 4; i++) line.text(i == 0 ? "" : ", ").hexadecimal(entry_.entry.args[i]);
        line.text(")");
        return line;
    }

    void print_result() {
        Sentence line = describe_call();
        line.text(" = ");
        if (result_ < 0)
            line.text("-").decimal(static_cast<std::uint64_t>(-result_));
        else
            line.decimal(static_cast<std::uint64_t>(result_));
        print(line.text("\n"));
        pending_ = false;
    }

    [[noreturn]] void end(int status) const {
        if (pending_)
            print(describe_call().text(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS
                                           ? ": forbidden, the process was killed\n"
                                           : "\n"));
        if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
        _exit(128 + WTERMSIG(status));
    }

    ptrace_syscall_info entry_{};
    std::int64_t result_ = 0;
    bool inside_ = false;   // the image runs
    bool pending_ = false;  // a call of the image was entered and is not yet printed
};

}  // namespace

void trace_instance() {
    traced = fork();
    if (traced < 0) refuse_with_errno("cannot start a process to trace");
    if (traced == 0) {
        if (trace(PTRACE_TRACEME, 0, nullptr) < 0) refuse_with_errno("cannot be traced");
        raise(SIGSTOP);
        return;
    }
    signal(SIGTERM, pass_on);
    int status = 0;
    if (waitpid(traced, &status, 0) < 0 || !WIFSTOPPED(status)) refuse("cannot trace");
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    if (trace(PTRACE_SETOPTIONS, 0, reinterpret_cast<void*>(options)) < 0) refuse_with_errno("cannot trace");
    trace(PTRACE_SYSCALL, 0, nullptr);
    Tracer{}.run();
}

}  // namespace holm::tender
