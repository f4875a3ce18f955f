#include "tender/process/watched.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tender/instance/failure.h"

namespace holm::tender {
namespace {

pid_t child = 0;

void pass_on(int signal) {
    kill(child, signal);
}

}  // namespace

long ask_watched(long request, pid_t thread, long address, void* data) {
    return syscall(SYS_ptrace, request, thread, address, data);
}

pid_t wait_for_watched(int& status) {
    for (;;) {
        const pid_t stopped = waitpid(-1, &status, __WALL);
        if (stopped >= 0) return stopped;
        if (errno != EINTR) refuse_with_errno("cannot trace");
    }
}

pid_t start_watched(long options) {
    child = fork();
    if (child < 0) refuse_with_errno("cannot start a process to trace");
    if (child == 0) {
        if (ask_watched(PTRACE_TRACEME, 0, 0, nullptr) < 0) refuse_with_errno("cannot be traced");
        raise(SIGSTOP);
        return 0;
    }
    signal(SIGTERM, pass_on);
    signal(SIGUSR1, pass_on);
    int status = 0;
    wait_for_watched(status);
    if (!WIFSTOPPED(status)) refuse("cannot trace");
    if (ask_watched(PTRACE_SETOPTIONS, child, 0, reinterpret_cast<void*>(options | PTRACE_O_EXITKILL)) < 0)
        refuse_with_errno("cannot trace");
    return child;
}

void end_as_watched(int status) {
    if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
}

}  // namespace holm::tender
