#include "tender/process/workers.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender/instance/failure.h"
#include "tender/process/gate.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace holm::tender {
namespace {

// What a new thread finds on its stack (gate.S).
struct FirstFrame {
    std::uint64_t routine;  // where the gate's `ret` leads
    std::uint64_t workers;  // struct holm_boot_workers*
    std::uint64_t index;
    std::uint64_t unused;  // 16-byte alignment
};

constexpr std::uint64_t bit(int signal) {
    return std::uint64_t{1} << (signal - 1);
}

}  // namespace

bool map_worker_stacks(const Layout& layout) {
    for (std::uint32_t i = 0; i < kWorkerCount; i++) {
        const AddressRange stack = worker_stack(layout, i);
        auto* const wanted = reinterpret_cast<void*>(stack.start);
        if (mmap(wanted, stack.size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == wanted)
            continue;
        if (errno != EEXIST) refuse_with_errno("cannot map the stack of a worker");
        return false;
    }
    return true;
}

holm_boot_workers make_worker_handles() {
    holm_boot_workers workers{};
    workers.wake = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    workers.done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers.wake < 0 || workers.done < 0) refuse_with_errno("cannot make an eventfd");
    workers.count = kWorkerCount;
    return workers;
}

void start_workers(const Layout& layout, std::uint64_t gate, const holm_boot_workers& workers) {
    if (workers.count == 0) return;
    const auto in_gate = [&](const unsigned char* symbol) {
        return gate + static_cast<std::uint64_t>(symbol - holm_gate_page);
    };
    // The threads inherit the mask; install_upcall() then gives the first thread its signals.
    const std::uint64_t blocked = ~(bit(SIGSEGV) | bit(SIGBUS) | bit(SIGILL) | bit(SIGFPE) | bit(SIGTRAP));
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, nullptr, sizeof blocked) != 0)
        refuse_with_errno("cannot block signals");
    auto* const call =
        reinterpret_cast<long (*)(long, long, long, long, long, long, long)>(in_gate(holm_gate_call));
    for (std::uint32_t i = 0; i < workers.count; i++) {
        const AddressRange stack = worker_stack(layout, i);
        auto* const frame = reinterpret_cast<FirstFrame*>(stack.start + stack.size - sizeof(FirstFrame));
        *frame = {in_gate(holm_gate_worker), reinterpret_cast<std::uint64_t>(&workers), i, 0};
        // Not CLONE_FILES: while a descriptor table is one thread's alone, the kernel need not count
        // references for each of its calls. Nothing is opened or closed any more, so the copies stay the
        // same.
        constexpr long kFlags = CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
        const long thread = call(kFlags, reinterpret_cast<long>(frame), 0, 0, 0, 0, SYS_clone);
        if (thread > 0) continue;
        errno = static_cast<int>(-thread);
        refuse_with_errno("cannot start a thread for block devices");
    }
}

}  // namespace holm::tender
