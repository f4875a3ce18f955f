#pragma once

// What the thread that runs a guest's processor may ask of the host's kernel, from the guest's first
// instruction on: the one list, from which its filter and the table in docs/vm.md come. The descriptor table
// holds the virtual processor, standard output and error, and what the operator granted; nothing can add to
// it.

#include <algorithm>
#include <array>

#include "tender/sandbox/thread_filter.h"

namespace holm::tender {

constexpr std::size_t kProcessorPatch = 0;  // the descriptor of the virtual processor
constexpr std::size_t kListenerPatch = 1;   // the debugger's socket
constexpr std::size_t kDumpPatch = 2;       // the core file
constexpr std::size_t kPagemapPatch = 3;    // /proc/self/pagemap
constexpr std::uint64_t kKvmRun = 0xae80;   // KVM_RUN of <linux/kvm.h>
// Not KVM_GET_XSAVE: in C++ that counts its structure's empty end.
constexpr std::size_t kKvmXsaveSize = 4096;
constexpr std::uint64_t kKvmGetXsave = 0x9000aea4;
constexpr std::uint64_t kKvmSetXsave = 0x5000aea5;
constexpr std::uint64_t kKvmSetGuestDebug = 0x4048ae9b;

inline constexpr std::array kVcpuCalls = {
    ThreadCall{
        16, "ioctl", {{{0, kProcessorPatch, true}, {1, kKvmRun}}}, 2, "run the guest; fetch its registers"},
    ThreadCall{271, "ppoll", {{{3, 0}}}, 1, "sleep until a device has something, or a deadline"},
    ThreadCall{20, "writev", {}, 0, "send a frame from several buffers"},
    ThreadCall{19, "readv", {}, 0, "receive a frame into several buffers"},
    ThreadCall{0, "read", {}, 0, "receive a frame"},
    ThreadCall{1, "write", {}, 0, "send a frame; the console; a last sentence on standard error"},
    ThreadCall{
        15, "rt_sigreturn", {}, 0, "return from a signal: stop request, watchdog tick, end of the grace"},
    ThreadCall{228, "clock_gettime", {}, 0, "the guest compares its clock with the host's, rarely"},
    ThreadCall{10, "mprotect", {{{2, 0}}}, 1, "guard pages: takes all access away, gives none"},
    ThreadCall{38, "setitimer", {{{0, 0}}}, 1, "the end of the grace period (ITIMER_REAL)"},
    ThreadCall{231, "exit_group", {}, 0, "end, with a status"},
};

// What comes on top when the operator asked for --gdb or --dump.
inline constexpr std::array kDebugCalls = {
    ThreadCall{16, "ioctl", {{{0, kProcessorPatch, true}, {1, kKvmGetXsave}}}, 2, "show vector registers"},
    ThreadCall{16, "ioctl", {{{0, kProcessorPatch, true}, {1, kKvmSetXsave}}}, 2, "change them"},
    ThreadCall{
        16, "ioctl", {{{0, kProcessorPatch, true}, {1, kKvmSetGuestDebug}}}, 2, "watchpoints in hardware"},
    ThreadCall{288,
               "accept4",
               {{{0, kListenerPatch, true}, {1, 0}}},
               2,
               "let a debugger in; it becomes descriptor 0"},
    ThreadCall{3, "close", {{{0, 0}}}, 1, "the debugger has gone"},
    ThreadCall{18, "pwrite64", {{{0, kDumpPatch, true}}}, 1, "write the core file"},
    ThreadCall{77, "ftruncate", {{{0, kDumpPatch, true}}}, 1, "its length"},
    ThreadCall{17, "pread64", {{{0, kPagemapPatch, true}}}, 1, "which pages have been touched"},
};

inline constexpr ThreadFilter kVcpuFilter = compile_thread_filter(kVcpuCalls);

inline constexpr ThreadFilter kDebuggedVcpuFilter = [] {
    std::array<ThreadCall, kVcpuCalls.size() + kDebugCalls.size()> calls{};
    std::copy(kDebugCalls.begin(), kDebugCalls.end(),
              std::copy(kVcpuCalls.begin(), kVcpuCalls.end(), calls.begin()));
    return compile_thread_filter(calls);
}();

// Descriptors for debuggers; -1: not asked for.
struct DebugDescriptors {
    int listener = -1;
    int dump = -1;
    int pagemap = -1;
};

// The last step before the guest runs: this thread's filter. Ends the tender if it cannot be had.
void enter_vcpu_filter(int processor, const DebugDescriptors& debug);

}  // namespace holm::tender
