#pragma once

// An instance that is watched from its first instruction to its end: it runs in a child process, and the
// tender itself stays as the parent, outside the sandbox.

#include <sys/types.h>

namespace holm::tender {

// Goes on in a child that ptrace stops; returns 0 there and its process number in the parent. `options` are
// PTRACE_O_*. SIGTERM and SIGUSR1 to the parent reach the child, which ends if the parent does.
pid_t start_watched(long options);

// A ptrace request. glibc and musl disagree on <sys/ptrace.h>: the kernel's own numbers serve both.
long ask_watched(long request, pid_t thread, long address, void* data);

// Waits until something happens to a thread of the child; `status` as waitpid gives it.
pid_t wait_for_watched(int& status);

// Ends as the child did.
[[noreturn]] void end_as_watched(int status);

}  // namespace holm::tender
