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
    static constexpr std::size_t kCapacity = 96;
    static constexpr std::size_t kMaxPatches = 8;

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

// One after another: the number, then its arguments. Frequent calls stand first in the list.
constexpr ThreadFilter compile_thread_filter(std::span<const ThreadCall> calls) {
    using namespace filter_detail;
    ThreadFilter filter{};
    const auto emit = [&](std::uint16_t code, std::uint32_t operand, std::uint8_t jump_true = 0,
                          std::uint8_t jump_false = 0) {
        filter.instructions[filter.length++] = {code, jump_true, jump_false, operand};
    };
    // On another value: past a "kill" to what follows it, or into it.
    const auto require = [&](std::uint32_t offset, std::uint32_t value) {
        emit(kLoadWord, offset);
        emit(kJumpEqual, value, 1, 0);
        emit(kReturn, kKillProcess);
    };
    require(kArchitecture, kArchitectureX86_64);
    emit(kLoadWord, kNumber);
    for (const ThreadCall& call : calls) {
        const auto size = static_cast<std::uint8_t>(call.rule_count * 6 + 1);
        emit(kJumpEqual, call.number, 0, size);
        for (const ArgumentRule& rule : call.arguments()) {
            const auto offset = static_cast<std::uint32_t>(16 + 8 * rule.argument);
            if (rule.at_start)
                filter.patches[filter.patch_count++] = {static_cast<std::size_t>(rule.value),
                                                        filter.length + 1};
            require(offset, rule.at_start ? 0 : static_cast<std::uint32_t>(rule.value));
            require(offset + 4, rule.at_start ? 0 : static_cast<std::uint32_t>(rule.value >> 32));
        }
        emit(kReturn, kAllow);
    }
    emit(kReturn, kKillProcess);
    return filter;
}

}  // namespace holm::tender
