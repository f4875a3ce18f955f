#pragma once

// The machine state of a report. Named as the architecture names them; a port adds a file beside this one.

#include <cstdint>

namespace holm {

struct Registers {
    std::uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    std::uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    std::uint64_t rip, rflags;
    std::uint64_t vector, error_code;  // of the exception, as the processor reported it
};

}  // namespace holm
