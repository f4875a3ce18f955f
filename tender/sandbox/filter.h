#pragma once

// The seccomp filter, compiled from kSystemCalls when the tender is built. At start only the address of the
// gate, which is random, is patched in.

#include <array>
#include <cstddef>
#include <cstdint>

#include "tender/sandbox/system_calls.h"

namespace holm::tender {

// struct sock_filter of <linux/filter.h>, which is not everywhere that this compiles.
struct FilterInstruction {
    std::uint16_t code;
    std::uint8_t jump_true;   // instructions to skip when the comparison holds
    std::uint8_t jump_false;  // ... and when it does not
    std::uint32_t operand;
};
static_assert(sizeof(FilterInstruction) == 8);

namespace filter_detail {

// Opcodes of classic BPF (<linux/bpf_common.h>).
constexpr std::uint16_t kLoadWord = 0x20;   // BPF_LD | BPF_W | BPF_ABS
constexpr std::uint16_t kJumpEqual = 0x15;  // BPF_JMP | BPF_JEQ | BPF_K
constexpr std::uint16_t kJump = 0x05;       // BPF_JMP | BPF_JA
constexpr std::uint16_t kReturn = 0x06;     // BPF_RET | BPF_K

// Offsets in struct seccomp_data (<linux/seccomp.h>); 64-bit fields are compared by halves.
constexpr std::uint32_t kNumber = 0;
constexpr std::uint32_t kArchitecture = 4;
constexpr std::uint32_t kInstructionPointer = 8;
constexpr std::uint32_t kArgument2 = 16 + 2 * 8;

constexpr std::uint32_t kArchitectureX86_64 = 0xc000003e;  // AUDIT_ARCH_X86_64; i386 calls are killed
constexpr std::uint32_t kAllow = 0x7fff0000;               // SECCOMP_RET_ALLOW
constexpr std::uint32_t kKillProcess = 0x80000000;         // SECCOMP_RET_KILL_PROCESS

// arch check (2), number (1), one comparison a call, jump to kill (1), protection (4), gate (4), allow, kill.
constexpr std::size_t kSize = 3 + kSystemCalls.size() + 1 + 4 + 4 + 2;

}  // namespace filter_detail

struct Filter {
    std::array<FilterInstruction, filter_detail::kSize> instructions;
    std::size_t gate_low;  // the two comparisons whose operand is the address after the gate's `syscall`
    std::size_t gate_high;

    constexpr void set_gate(std::uint64_t address_after_system_call) {
        instructions[gate_low].operand = static_cast<std::uint32_t>(address_after_system_call);
        instructions[gate_high].operand = static_cast<std::uint32_t>(address_after_system_call >> 32);
    }
};

// x32 calls carry the x86-64 architecture and bit 30 in their number: they equal no number of the list, so
// they are killed like every other unknown number.
constexpr Filter compile_filter() {
    using namespace filter_detail;
    Filter filter{};
    constexpr std::size_t kProtection = 3 + kSystemCalls.size() + 1;
    constexpr std::size_t kGate = kProtection + 4;
    constexpr std::size_t kAllowAt = kGate + 4;
    constexpr std::size_t kKillAt = kAllowAt + 1;

    std::size_t at = 0;
    const auto skip_to = [&](std::size_t target) { return static_cast<std::uint8_t>(target - at - 1); };
    const auto emit = [&](std::uint16_t code, std::uint32_t operand, std::uint8_t jump_true = 0,
                          std::uint8_t jump_false = 0) {
        filter.instructions[at] = {code, jump_true, jump_false, operand};
        at++;
    };
    const auto require = [&](std::uint32_t offset, std::uint32_t value) {
        emit(kLoadWord, offset);
        emit(kJumpEqual, value, 0, skip_to(kKillAt));
    };

    require(kArchitecture, kArchitectureX86_64);
    emit(kLoadWord, kNumber);
    for (const SystemCall& call : kSystemCalls) {
        std::size_t target = kAllowAt;
        if (call.bound == Bound::kGate) target = kGate;
        if (call.bound == Bound::kGateNoAccess) target = kProtection;
        emit(kJumpEqual, call.number, skip_to(target), 0);
    }
    emit(kJump, static_cast<std::uint32_t>(kKillAt - at - 1));
    require(kArgument2, 0);
    require(kArgument2 + 4, 0);
    filter.gate_low = at + 1;
    require(kInstructionPointer, 0);
    filter.gate_high = at + 1;
    require(kInstructionPointer + 4, 0);
    emit(kReturn, kAllow);
    emit(kReturn, kKillProcess);
    return filter;
}

inline constexpr Filter kFilter = compile_filter();

}  // namespace holm::tender
