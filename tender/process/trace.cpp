#include "tender/process/trace.h"

#include <array>

#include <linux/ptrace.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tender/process/watched.h"
#include "tender/process/workers.h"
#include "tender/sandbox/system_calls.h"
#include "tender/text/sentence.h"

namespace holm::tender {
namespace {

constexpr int kSystemCallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

void print(const Sentence& line) {
    // A reader that went away does not change what is traced.
    [[maybe_unused]] const ssize_t written = write(2, line.view().data(), line.view().size());
}

class Tracer {
  public:
    explicit Tracer(pid_t traced) : traced_(traced) {}

    // Ends with the status of the traced process.
    [[noreturn]] void run() {
        int status = 0;
        for (;;) {
            const pid_t stopped = wait_for_watched(status);
            if (WIFEXITED(status) || WIFSIGNALED(status)) {
                if (stopped == traced_) end(status);
                continue;
            }
            ask_watched(PTRACE_SYSCALL, stopped, 0, reinterpret_cast<void*>(look_at(stopped, status)));
        }
    }

  private:
    struct Thread {
        pid_t id;  // 0: none yet
        ptrace_syscall_info entry;
        std::int64_t result;
        bool pending;  // a call of the image was entered and is not yet printed
    };

    // What stopped the thread; returns the signal that it shall get.
    long look_at(pid_t stopped, int status) {
        Thread* const thread = find(stopped);
        const int signal = WSTOPSIG(status);
        const bool is_event = status >> 16 != 0;          // a thread was made
        const bool is_start = thread && thread->id == 0;  // it stops once before it begins
        if (is_start) thread->id = stopped;
        if (thread && signal == kSystemCallStop) note_system_call(*thread);
        return is_event || is_start || signal == kSystemCallStop ? 0 : signal;
    }

    // The thread of this id, or else a free place for it.
    Thread* find(pid_t id) {
        for (Thread& thread : threads_)
            if (thread.id == id || thread.id == 0) return &thread;
        return nullptr;
    }

    void note_system_call(Thread& thread) {
        ptrace_syscall_info info{};
        if (ask_watched(PTRACE_GET_SYSCALL_INFO, thread.id, sizeof info, &info) < 0) return;
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
            if (thread.pending) print_result(thread);
            thread.entry = info;
            thread.pending = inside_;
        } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
            thread.result = info.exit.rval;
            // A call that the filter killed is seen to return its own number; whether that happened shows
            // next.
            if (thread.pending && thread.result != static_cast<std::int64_t>(thread.entry.entry.nr))
                print_result(thread);
            // The tender's last call is the one that installs the filter; all later ones are the image's.
            if (thread.entry.entry.nr == SYS_seccomp && thread.entry.entry.args[0] == 1 &&
                info.exit.rval == 0)
                inside_ = true;
        }
    }

    Sentence describe_call(const Thread& thread) const {
        Sentence line;
        line.text("[holm-process");
        if (&thread != threads_.data())
            line.text(" worker ").decimal(static_cast<std::uint64_t>(&thread - threads_.data()));
        line.text("] ");
        if (const SystemCall* call = find_system_call(thread.entry.entry.nr))
            line.text(call->name);
        else
            line.text("system call ").decimal(thread.entry.entry.nr);
        line.text("(");
        for (int i = 0; i < 4; i++) line.text(i == 0 ? "" : ", ").hexadecimal(thread.entry.entry.args[i]);
        line.text(")");
        return line;
    }

    void print_result(Thread& thread) {
        Sentence line = describe_call(thread);
        line.text(" = ");
        if (thread.result < 0)
            line.text("-").decimal(static_cast<std::uint64_t>(-thread.result));
        else
            line.decimal(static_cast<std::uint64_t>(thread.result));
        print(line.text("\n"));
        thread.pending = false;
    }

    [[noreturn]] void end(int status) const {
        const bool forbidden = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
        for (const Thread& thread : threads_) {
            const bool killed =
                forbidden && thread.result == static_cast<std::int64_t>(thread.entry.entry.nr);
            // Only the first thread's last call is worth telling: a worker waits for work when the end comes.
            const bool last = !forbidden && &thread == threads_.data();
            if (thread.pending && (killed || last))
                print(describe_call(thread).text(killed ? ": forbidden, the process was killed\n" : "\n"));
        }
        end_as_watched(status);
    }

    pid_t traced_;
    std::array<Thread, 1 + kWorkerCount> threads_{};  // the first one is the instance's first
    bool inside_ = false;                             // the image runs
};

}  // namespace

void trace_instance() {
    const pid_t traced = start_watched(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE);
    if (traced == 0) return;
    ask_watched(PTRACE_SYSCALL, traced, 0, nullptr);
    Tracer{traced}.run();
}

}  // namespace holm::tender
