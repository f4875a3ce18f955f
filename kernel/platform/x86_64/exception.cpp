#include "kernel/platform/x86_64/exception.h"

#include "kernel/panic/fault.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const char holm_rdrand_instruction[];
[[gnu::visibility("hidden")]] extern const char holm_rdrand_next[];
}

namespace holm::platform {
namespace {

// Intel SDM vol. 3, 6.15.
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
constexpr std::uint32_t kWrite = 1 << 1;
constexpr std::uint32_t kFetch = 1 << 4;

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

}  // namespace

[[gnu::no_stack_protector]] bool is_tried_instruction(holm_upcall_frame& frame) {
    if (frame.vector != kInvalidInstruction ||
        frame.rip != reinterpret_cast<std::uint64_t>(holm_rdrand_instruction))
        return false;
    frame.rip = reinterpret_cast<std::uint64_t>(holm_rdrand_next);
    return true;
}

void panic_exception(const holm_upcall_frame& f) {
    const bool page_fault = f.vector == kPageFault;
    const Registers registers{f.rax, f.rbx, f.rcx, f.rdx,    f.rsi,    f.rdi,       f.rbp,
                              f.rsp, f.r8,  f.r9,  f.r10,    f.r11,    f.r12,       f.r13,
                              f.r14, f.r15, f.rip, f.rflags, f.vector, f.error_code};
    panic_fault({.kind = kind_of(f.vector),
                 .has_address = page_fault,
                 .address = f.address,
                 .write = page_fault && (f.error_code & kWrite) != 0,
                 .execute = page_fault && (f.error_code & kFetch) != 0},
                registers);
}

}  // namespace holm::platform
