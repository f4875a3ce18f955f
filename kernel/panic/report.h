#pragma once

// A report on the console: the panic screen, and the watchdog's note about a hogged core.

#include <cstdint>

#include "kernel/panic/registers.h"

namespace holm {

struct Report {
    const char* title;                      // "panic"
    const char* what;                       // one sentence
    const char* detail = nullptr;           // one more line
    std::uint64_t instruction_pointer = 0;  // where, when it is not the first return address
    std::uint64_t frame_pointer = 0;
    const Registers* registers = nullptr;  // of a fault
};

// Writes it to the console, at once and past everything that might be broken: no allocation, no locks.
void print_report(const Report& report);

// The same, and the end of the instance with kPanicStatus. A panic while one is being reported ends it with
// one line.
[[noreturn]] void panic_with(const Report& report);

}  // namespace holm
