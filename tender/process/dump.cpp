#include "tender/process/dump.h"

#include <linux/ptrace.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tender/debug/process_core.h"
#include "tender/instance/failure.h"
#include "tender/process/watched.h"

namespace holm::tender {
namespace {

constexpr int kPanicStatus = 134;  // of the library OS, docs/running.md

bool is_fault(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGTRAP;
}

// Ended by somebody else's wish, not by a mistake.
bool is_wished(int signal) {
    return signal == SIGTERM || signal == SIGKILL || signal == SIGINT || signal == SIGHUP ||
           signal == SIGQUIT;
}

void say(const Sentence& line) {
    [[maybe_unused]] const ssize_t written = ::write(2, line.view().data(), line.view().size());
}

class Watch {
  public:
    Watch(pid_t child, int file, const char* path) : child_(child), file_(file), path_(path) {}

    [[noreturn]] void run() {
        for (;;) {
            int status = 0;
            const pid_t thread = wait_for_watched(status);
            if (WIFEXITED(status) || WIFSIGNALED(status)) {
                if (thread == child_) end_as_watched(status);
                continue;
            }
            const long signal = look_at(thread, status);
            ask_watched(PTRACE_CONT, thread, 0, reinterpret_cast<void*>(signal));
        }
    }

  private:
    // What stopped the thread; returns the signal that it shall get.
    long look_at(pid_t thread, int status) {
        const int signal = WSTOPSIG(status);
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
            if (thread == child_) at_end();
            return 0;
        }
        if (status >> 16 != 0) return 0;
        // The image gets it as an upcall, which runs on a stack of its own: what it was doing can still be
        // seen when the upcall decides to end.
        if (signal == SIGUSR1) {
            CoreThread now;
            if (read_thread(child_, now)) write(now);
            return 0;
        }
        if (is_fault(signal) && read_thread(thread, fault_)) fault_.signal = signal;
        return signal;
    }

    void at_end() {
        unsigned long reason = 0;
        if (ask_watched(PTRACE_GETEVENTMSG, child_, 0, &reason) < 0) return;
        const int status = static_cast<int>(reason);
        const bool panicked = WIFEXITED(status) && WEXITSTATUS(status) == kPanicStatus;
        const bool crashed = WIFSIGNALED(status) && !is_wished(WTERMSIG(status));
        if (!panicked && !crashed) return forget_file();
        CoreThread end;
        if (!read_thread(child_, end)) return;
        end.signal = crashed ? WTERMSIG(status) : SIGABRT;
        // No image survives a fault.
        write(fault_.signal != 0 ? fault_ : end);
    }

    void write(const CoreThread& shown) const {
        const auto size = write_process_core(file_, child_, "image", {&shown, 1});
        Sentence line;
        line.text(kProgramName);
        if (!size)
            say(line.text(": the core file ")
                    .foreign(path_)
                    .text(" could not be written: ")
                    .text(size.error().view())
                    .text("\n"));
        else
            say(line.text(": core file ")
                    .foreign(path_)
                    .text(", ")
                    .decimal(size->written / 1024)
                    .text(size->complete ? " KB; holm gdb --core opens it\n"
                                         : " KB and not all of it: the bound is 8 GiB\n"));
    }

    // Nothing went wrong: an empty file would say that something did.
    void forget_file() const {
        struct stat status{};
        if (fstat(file_, &status) == 0 && status.st_size == 0) unlink(path_);
    }

    pid_t child_;
    int file_;
    const char* path_;
    CoreThread fault_;
};

}  // namespace

void dump_instance_at_end(const char* path) {
    const auto opened = open_core_file(path);
    if (!opened) refuse(opened.error());
    const int file = *opened;
    signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error to be told, not an end
    const pid_t child = start_watched(PTRACE_O_TRACEEXIT);
    if (child == 0) {
        signal(SIGXFSZ, SIG_DFL);
        close(file);
        return;
    }
    ask_watched(PTRACE_CONT, child, 0, nullptr);
    Watch(child, file, path).run();
}

}  // namespace holm::tender
