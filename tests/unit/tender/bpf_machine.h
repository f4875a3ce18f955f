#pragma once

// Runs a seccomp filter as the kernel would: classic BPF over struct seccomp_data.

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

#include <linux/filter.h>
#include <linux/seccomp.h>

namespace holm::tender {

// The filter's verdict (SECCOMP_RET_...). Throws when the program leaves its end or uses an instruction that
// no seccomp filter of this kind needs.
inline std::uint32_t run_filter(std::span<const sock_filter> program, const seccomp_data& data) {
    std::uint32_t accumulator = 0;
    std::uint32_t index = 0;
    std::uint32_t scratch[BPF_MEMWORDS] = {};
    for (std::size_t at = 0; at < program.size(); at++) {
        const sock_filter& instruction = program[at];
        const auto jump = [&](bool condition) { at += condition ? instruction.jt : instruction.jf; };
        switch (instruction.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (instruction.k % 4 != 0 || instruction.k >= sizeof data)
                    throw std::logic_error("bad load");
                std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + instruction.k, 4);
                break;
            case BPF_JMP | BPF_JA:
                at += instruction.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                jump(accumulator == instruction.k);
                break;
            case BPF_JMP | BPF_JGT | BPF_K:
                jump(accumulator > instruction.k);
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                jump(accumulator >= instruction.k);
                break;
            case BPF_JMP | BPF_JSET | BPF_K:
                jump((accumulator & instruction.k) != 0);
                break;
            case BPF_JMP | BPF_JGE | BPF_X:
                jump(accumulator >= index);
                break;
            case BPF_MISC | BPF_TAX:
                index = accumulator;
                break;
            case BPF_ST:
                scratch[instruction.k % BPF_MEMWORDS] = accumulator;
                break;
            case BPF_LD | BPF_MEM:
                accumulator = scratch[instruction.k % BPF_MEMWORDS];
                break;
            case BPF_ALU | BPF_ADD | BPF_K:
                accumulator += instruction.k;
                break;
            case BPF_ALU | BPF_ADD | BPF_X:
                accumulator += index;
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                accumulator &= instruction.k;
                break;
            case BPF_RET | BPF_K:
                return instruction.k;
            default:
                throw std::logic_error("unexpected instruction");
        }
    }
    throw std::logic_error("the program has no end");
}

}  // namespace holm::tender
