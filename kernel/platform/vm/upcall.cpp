// What the vm platform's upcall (x86_64/upcall.S) does about an exception, a stop request or a watchdog tick.
// It runs on an alternate stack, with the thread pointer of what it interrupted.

#include "abi/hypercalls.h"
#include "kernel/core.h"
#include "kernel/panic/fault.h"
#include "kernel/panic/watchdog.h"
#include "kernel/platform/vm/vm_platform.h"
#include "kernel/start/x86_64/thread_pointer.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const char holm_rdrand_instruction[];
[[gnu::visibility("hidden")]] extern const char holm_rdrand_next[];
}

namespace holm::platform {
namespace {

// Exceptions (Intel SDM vol. 3, 6.15).
enum Vector : std::uint32_t {
    kDivision = 0,
    kDebug = 1,
    kBreakpoint = 3,
    kOverflow = 4,
    kInvalidInstruction = 6,
    kPageFault = 14,
    kFloatingPoint = 16,
    kVectorFloatingPoint = 19,
};

// Bits of the page fault error code (Intel SDM vol. 3, 4.7).
constexpr std::uint32_t kPageFaultWrite = 1 << 1;
constexpr std::uint32_t kPageFaultFetch = 1 << 4;

FaultKind kind_of(std::uint32_t vector) {
    switch (vector) {
        case kInvalidInstruction:
            return FaultKind::kInstruction;
        case kDivision:
        case kOverflow:
        case kFloatingPoint:
        case kVectorFloatingPoint:
            return FaultKind::kArithmetic;
        case kDebug:
        case kBreakpoint:
            return FaultKind::kBreakpoint;
        default:
            return FaultKind::kAccess;
    }
}

[[noreturn]] void fault(const holm_upcall_frame& f) {
    const bool page_fault = f.vector == kPageFault;
    const Registers registers{f.rax, f.rbx, f.rcx, f.rdx, f.rsi, f.rdi, f.rbp, f.rsp, f.r8,
                              f.r9,  f.r10, f.r11, f.r12, f.r13, f.r14, f.r15, f.rip, f.rflags};
    panic_fault({.kind = kind_of(f.vector),
                 .has_address = page_fault,
                 .address = f.address,
                 .write = page_fault && (f.error_code & kPageFaultWrite) != 0,
                 .execute = page_fault && (f.error_code & kPageFaultFetch) != 0},
                registers);
}

}  // namespace

// The first instructions of a start have neither core nor thread pointer; an upcall there finds nothing to
// use. A fault there becomes one inside an upcall, which the tender reports.
extern "C" [[gnu::no_stack_protector, gnu::visibility("hidden"), gnu::used]] void holm_vm_handle_upcall(
    holm_upcall_frame* frame) {
    Core* core = core_if_set();
    const bool ready = core && core->platform;
    switch (frame->vector) {
        case HOLM_UPCALL_STOP:
            VmPlatform::request_stop();
            return;
        case HOLM_UPCALL_WATCHDOG:
            if (ready && core->watchdog) core->watchdog->tick(frame->rip, frame->rbp);
            return;
        case HOLM_UPCALL_GRACE:
            if (ready && core->watchdog) core->watchdog->grace_over(frame->rip, frame->rbp);
            return;
        case kInvalidInstruction:
            // kernel/entropy tries an instruction that the processor may lack.
            if (frame->rip == reinterpret_cast<std::uint64_t>(holm_rdrand_instruction)) {
                frame->rip = reinterpret_cast<std::uint64_t>(holm_rdrand_next);
                return;
            }
            [[fallthrough]];
        default:
            if (!ready) __builtin_trap();
            fault(*frame);
    }
}

// What the image is told to have by its manifest (choose.cpp).
extern "C" [[gnu::visibility("hidden")]] Platform* holm_start_vm_platform(const holm_boot_info& boot) {
    return &VmPlatform::start(boot);
}

}  // namespace holm::platform
