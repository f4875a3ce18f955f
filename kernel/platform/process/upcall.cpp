// The image's upcall on the process platform (x86_64/upcall.S leads here): what the kernel enters for a
// fault, a stop request or a watchdog tick (abi/boot_info.h). It runs on an alternate stack, with the thread
// pointer of what it interrupted.

#include <signal.h>
#include <ucontext.h>

#include "abi/boot_info.h"
#include "kernel/core.h"
#include "kernel/panic/fault.h"
#include "kernel/panic/watchdog.h"
#include "kernel/platform/process/process_platform.h"
#include "kernel/start/x86_64/thread_pointer.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const char holm_rdrand_instruction[];
[[gnu::visibility("hidden")]] extern const char holm_rdrand_next[];
}

namespace holm::platform {
namespace {

// Bits of the page fault error code (Intel SDM vol. 3, 4.7).
constexpr greg_t kPageFaultWrite = 1 << 1;
constexpr greg_t kPageFaultFetch = 1 << 4;
constexpr greg_t kTrapPageFault = 14;

Registers registers_of(const greg_t* r) {
    const auto at = [r](int index) { return static_cast<std::uint64_t>(r[index]); };
    return {at(REG_RAX), at(REG_RBX), at(REG_RCX), at(REG_RDX), at(REG_RSI),    at(REG_RDI), at(REG_RBP),
            at(REG_RSP), at(REG_R8),  at(REG_R9),  at(REG_R10), at(REG_R11),    at(REG_R12), at(REG_R13),
            at(REG_R14), at(REG_R15), at(REG_RIP), at(REG_EFL), at(REG_TRAPNO), at(REG_ERR)};
}

FaultKind kind_of(int signal) {
    switch (signal) {
        case SIGBUS:
            return FaultKind::kBus;
        case SIGILL:
            return FaultKind::kInstruction;
        case SIGFPE:
            return FaultKind::kArithmetic;
        case SIGTRAP:
            return FaultKind::kBreakpoint;
        default:
            return FaultKind::kAccess;
    }
}

[[noreturn]] void fault(int signal, const siginfo_t& info, const greg_t* registers) {
    const bool page_fault = registers[REG_TRAPNO] == kTrapPageFault;
    panic_fault({.kind = kind_of(signal),
                 .has_address = page_fault,
                 .address = reinterpret_cast<std::uint64_t>(info.si_addr),
                 .write = page_fault && (registers[REG_ERR] & kPageFaultWrite) != 0,
                 .execute = page_fault && (registers[REG_ERR] & kPageFaultFetch) != 0},
                registers_of(registers));
}

}  // namespace

// The first instructions of a start have neither core nor thread pointer; an upcall there finds nothing to
// use.
extern "C" [[gnu::no_stack_protector, gnu::visibility("hidden"), gnu::used]] void holm_process_upcall(
    int signal, siginfo_t* info, ucontext_t* context) {
    Core* core = core_if_set();
    if (!core || !core->platform) {
        if (signal == SIGTERM) ProcessPlatform::request_early_stop();
        if (signal == SIGTERM || signal == SIGPROF) return;
        __builtin_trap();
    }
    greg_t* registers = context->uc_mcontext.gregs;
    switch (signal) {
        case SIGTERM: {
            auto& platform = static_cast<ProcessPlatform&>(*core->platform);
            const auto interrupted = static_cast<std::uint64_t>(registers[REG_RIP]);
            registers[REG_RIP] = static_cast<greg_t>(platform.request_stop(interrupted));
            return;
        }
        case SIGPROF:
            if (core->watchdog && !static_cast<ProcessPlatform&>(*core->platform).is_asleep()) {
                core->watchdog->tick(static_cast<std::uint64_t>(registers[REG_RIP]),
                                     static_cast<std::uint64_t>(registers[REG_RBP]));
            }
            return;
        case SIGILL:
            // kernel/entropy tries an instruction that the processor may lack.
            if (registers[REG_RIP] == reinterpret_cast<greg_t>(holm_rdrand_instruction)) {
                registers[REG_RIP] = reinterpret_cast<greg_t>(holm_rdrand_next);
                return;
            }
            [[fallthrough]];
        default:
            fault(signal, *info, registers);
    }
}

// What the image is told to have by its manifest (choose.cpp).
extern "C" [[gnu::visibility("hidden")]] Platform* holm_start_process_platform(const holm_boot_info& boot) {
    return &ProcessPlatform::start(boot);
}

}  // namespace holm::platform
