#include "tender/vm/registers.h"

namespace holm::tender {

holm_upcall_frame frame_of(const kvm_regs& r) {
    return {.rax = r.rax,
            .rbx = r.rbx,
            .rcx = r.rcx,
            .rdx = r.rdx,
            .rsi = r.rsi,
            .rdi = r.rdi,
            .rbp = r.rbp,
            .rsp = r.rsp,
            .r8 = r.r8,
            .r9 = r.r9,
            .r10 = r.r10,
            .r11 = r.r11,
            .r12 = r.r12,
            .r13 = r.r13,
            .r14 = r.r14,
            .r15 = r.r15,
            .rip = r.rip,
            .rflags = r.rflags,
            .vector = 0,
            .error_code = 0,
            .address = 0};
}

kvm_regs registers_of(const holm_upcall_frame& frame) {
    return {.rax = frame.rax,
            .rbx = frame.rbx,
            .rcx = frame.rcx,
            .rdx = frame.rdx,
            .rsi = frame.rsi,
            .rdi = frame.rdi,
            .rsp = frame.rsp,
            .rbp = frame.rbp,
            .r8 = frame.r8,
            .r9 = frame.r9,
            .r10 = frame.r10,
            .r11 = frame.r11,
            .r12 = frame.r12,
            .r13 = frame.r13,
            .r14 = frame.r14,
            .r15 = frame.r15,
            .rip = frame.rip,
            .rflags = frame.rflags};
}

int signal_of_exception(std::uint32_t vector) {
    switch (vector) {
        case 0:
        case 16:
        case 19:
            return 8;  // SIGFPE
        case 1:
        case 3:
            return 5;  // SIGTRAP
        case 6:
            return 4;  // SIGILL
        case 17:
            return 7;  // SIGBUS
        default:
            return 11;  // SIGSEGV
    }
}

}  // namespace holm::tender
