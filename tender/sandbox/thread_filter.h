#pragma once

// Filters for a tender's own threads while a guest runs beside them: a list of calls, each with the arguments
// that it may have, compiled when the tender is built. What is not on the list, or has other arguments, ends
// the process. Numbers that are known only at start, descriptors, are patched in.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tender/sandbox/filter.h"

namespace holm::tender {

struct ArgumentRule {
    std::uint8_t argument;  // 0 to 5
    std::uint64_t value;    // what all 64 bits of it must be ...
    bool at_start = false;  // ... unless patched in at start; `value` then says which of the patches
};

struct ThreadCall {
    std::uint16_t number;  // x86-64
    std::string_view name;
    std::array<ArgumentRule, 2> rules;
    std::size_t rule_count;
    std::string_view purpose;

    constexpr std::span<const ArgumentRule> arguments() const { return {rules.data(), rule_count}; }
};

struct ThreadFilter {
    static constexpr std::size_t kCapacity = 128;
    static constexpr std::size_t kMaxPatches = 12;

    std::array<FilterInstruction, kCapacity> instructions{};
    std::size_t length = 0;
    // A comparison with the lower half of a value that is patched in; the upper half has to be 0. Several may
    // be with the same value.
    struct Patch {
        std::size_t which;
        std::size_t instruction;
    };
    std::array<Patch, kMaxPatches> patches{};
    std::size_t patch_count = 0;

    constexpr void patch(std::size_t which, std::uint32_t value) {
        for (const Patch& patch : std::span(patches).first(patch_count))
            if (patch.which == which) instructions[patch.instruction].operand = value;
    }
};

// One after another: the number, then its arguments. A call may stand in the list several times, with other
// arguments each time. Frequent calls stand first.
constexpr ThreadFilter compile_thread_filter(std::span<const ThreadCall> calls) {
    using namespace filter_detail;
    ThreadFilter filter{};
    const auto emit = [&](std::uint16_t code, std::uint32_t operand, std::uint8_t jump_true = 0,
                          std::uint8_t jump_false = 0) {
        filter.instructions[filter.length++] = {code, jump_true, jump_false, operand};
    };
    emit(kLoadWord, kArchitecture);
    emit(kJumpEqual, kArchitectureX86_64, 1, 0);
    emit(kReturn, kKillProcess);
    emit(kLoadWord, kNumber);
    for (const ThreadCall& call : calls) {
        // What is left of this entry, behind an instruction.
        auto rest = static_cast<std::uint8_t>(call.rule_count * 4 + 1 + (call.rule_count > 0));
        emit(kJumpEqual, call.number, 0, rest);
        const auto require = [&](std::uint32_t offset, std::uint32_t value) {
            emit(kLoadWord, offset);
            rest -= 2;
            // The number has to be loaded again for the next entry: its last instruction does.
            emit(kJumpEqual, value, 0, static_cast<std::uint8_t>(rest - 1));
        };
        for (const ArgumentRule& rule : call.arguments()) {
            const auto offset = static_cast<std::uint32_t>(16 + 8 * rule.argument);
            if (rule.at_start)
                filter.patches[filter.patch_count++] = {static_cast<std::size_t>(rule.value),
                                                        filter.length + 1};
            require(offset, rule.at_start ? 0 : static_cast<std::uint32_t>(rule.value));
            require(offset + 4, rule.at_start ? 0 : static_cast<std::uint32_t>(rule.value >> 32));
        }
        emit(kReturn, kAllow);
        if (call.rule_count > 0) emit(kLoadWord, kNumber);
    }
    emit(kReturn, kKillProcess);
    return filter;
}

}  // namespace holm::tender
