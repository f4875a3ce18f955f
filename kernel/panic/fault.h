#pragma once

// A fault of the processor in this image, in words.

#include <cstdint>

#include "kernel/panic/registers.h"

namespace holm {

enum class FaultKind : std::uint8_t { kAccess, kBus, kInstruction, kArithmetic, kBreakpoint };

struct Fault {
    FaultKind kind;
    bool has_address = false;  // the processor told which address was accessed
    std::uint64_t address = 0;
    bool write = false;
    bool execute = false;
};

[[noreturn]] void panic_fault(const Fault& fault, const Registers& registers);

}  // namespace holm
