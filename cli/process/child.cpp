#include "cli/process/child.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

// Between vfork and exec: the parent's memory is in use, and only system calls are allowed.
[[noreturn]] void become(char* const* arguments, const SpawnOptions& options, pid_t parent, int& error) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (options.ignore_interrupt) signal(SIGINT, SIG_IGN);
    if (options.own_session) setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);  // it ended before the line above
    if (options.output >= 0 &&
        (dup2(options.output, STDOUT_FILENO) < 0 || dup2(options.output, STDERR_FILENO) < 0)) {
        error = errno;
        _exit(127);
    }
    if (options.error >= 0 && dup2(options.error, STDERR_FILENO) < 0) {
        error = errno;
        _exit(127);
    }
    execv(arguments[0], arguments);
    error = errno;
    _exit(127);
}

}  // namespace

pid_t spawn(const std::vector<std::string>& words, const SpawnOptions& options) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = getpid();
    volatile int error = 0;
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    const pid_t child =
        vfork();  // fork would copy page tables for nothing: this is on the way to the first reply
#pragma clang diagnostic pop
    if (child == 0) become(arguments.data(), options, parent, const_cast<int&>(error));
    if (child < 0) fail_with("{} cannot be started: {}", quote(words[0]), std::strerror(errno));
    if (error != 0) fail_with("{} cannot be started: {}", quote(words[0]), std::strerror(error));
    return child;
}

void end_with(pid_t parent, int signal) {
    prctl(PR_SET_PDEATHSIG, signal);
    if (getppid() != parent) _exit(127);
}

Pipe Pipe::create() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail_with("no pipe can be had: {}", std::strerror(errno));
    return {ends[0], ends[1]};
}

void Pipe::close_read() {
    if (read_end >= 0) close(read_end);
    read_end = -1;
}

void Pipe::close_write() {
    if (write_end >= 0) close(write_end);
    write_end = -1;
}

}  // namespace holm::cli
