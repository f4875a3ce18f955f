// What happens after an exception, in ring 3 again (x86_64/upcall.S).

#include "abi/hypercalls.h"
#include "base/text_buffer.h"
#include "kernel/core.h"
#include "kernel/panic/fault.h"
#include "kernel/panic/panic.h"
#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/start/x86_64/thread_pointer.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const char holm_rdrand_instruction[];
[[gnu::visibility("hidden")]] extern const char holm_rdrand_next[];
}

namespace holm::platform {
namespace {

// Exceptions (Intel SDM vol. 3, 6.15).
constexpr std::uint32_t kDivide = 0, kBreakpoint = 3, kInvalidOpcode = 6, kPageFault = 14,
                        kFloatingPoint = 16, kSimd = 19;
// Bits of the page fault error code (4.7).
constexpr std::uint32_t kWrite = 1 << 1;
constexpr std::uint32_t kFetch = 1 << 4;

FaultKind kind_of(std::uint32_t vector) {
    switch (vector) {
        case kDivide:
        case kFloatingPoint:
        case kSimd:
            return FaultKind::kArithmetic;
        case kBreakpoint:
            return FaultKind::kBreakpoint;
        case kInvalidOpcode:
            return FaultKind::kInstruction;
        default:
            return FaultKind::kAccess;
    }
}

[[noreturn]] void report_early(const holm_upcall_frame& frame) {
    TextBuffer<160> line;
    ((line << "exception " << frame.vector << " at 0x").hex(frame.rip) << ", error code 0x")
        .hex(frame.error_code);
    (line << ", address 0x").hex(frame.address) << ", before the library OS has started";
    boot_failure(line.text());
}

}  // namespace

extern "C" [[gnu::visibility("hidden"), gnu::used, gnu::no_stack_protector]] void holm_virtio_exception(
    holm_upcall_frame* frame, std::uint64_t) {
    // kernel/entropy tries an instruction that the processor may lack.
    if (frame->vector == kInvalidOpcode &&
        frame->rip == reinterpret_cast<std::uint64_t>(holm_rdrand_instruction)) {
        frame->rip = reinterpret_cast<std::uint64_t>(holm_rdrand_next);
        return;
    }
    const Core* core = boot_is_over() ? core_if_set() : nullptr;
    if (!core || !core->platform) report_early(*frame);
    const bool page_fault = frame->vector == kPageFault;
    const Registers registers{frame->rax, frame->rbx, frame->rcx, frame->rdx, frame->rsi, frame->rdi,
                              frame->rbp, frame->rsp, frame->r8,  frame->r9,  frame->r10, frame->r11,
                              frame->r12, frame->r13, frame->r14, frame->r15, frame->rip, frame->rflags};
    panic_fault({.kind = kind_of(frame->vector),
                 .has_address = page_fault,
                 .address = frame->address,
                 .write = page_fault && (frame->error_code & kWrite) != 0,
                 .execute = page_fault && (frame->error_code & kFetch) != 0},
                registers);
}

}  // namespace holm::platform
