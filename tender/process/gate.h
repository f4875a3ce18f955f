#pragma once

// The gate page (gate.S): the one page of executable memory that an instance has besides its own image, and
// the only one of ours. The page is part of the tender's text; it is moved, not copied, to a random address,
// so that it is never writable.

#include <cstddef>
#include <cstdint>

#include "tender/loader/load_plan.h"
#include "tender/process/departure_offsets.h"
#include "tender/process/workers.h"
#include "tender/sandbox/filter.h"

namespace holm::tender {

struct Hole {
    std::uint64_t start;
    std::uint64_t size;
};

// What the last instructions of the tender work from. It lies in memory that the guest keeps, below the top
// of its stack.
struct Departure {
    // Around each segment, the two stacks, the heap, the workers' stacks, the gate, and one at the end.
    static constexpr std::size_t kMaxHoles = kMaxSegments + 5 + kWorkerCount;

    std::uint64_t hole_count;  // at least 1
    Hole holes[kMaxHoles];     // all that is not the guest's
    std::uint64_t filter_length;
    std::uint64_t filter_address;  // with filter_length: struct sock_fprog
    std::uint64_t entry;
    std::uint64_t boot_info;
    std::uint64_t stack;
    std::uint64_t filter_flags;  // of the system call seccomp
};
static_assert(offsetof(Departure, filter_length) == HOLM_DEPARTURE_FILTER);
static_assert(offsetof(Departure, entry) == HOLM_DEPARTURE_ENTRY);
static_assert(offsetof(Departure, boot_info) == HOLM_DEPARTURE_BOOT);
static_assert(offsetof(Departure, stack) == HOLM_DEPARTURE_STACK);
static_assert(offsetof(Departure, filter_flags) == HOLM_DEPARTURE_FLAGS);

extern "C" {
// Symbols of gate.S, at the page's place in the tender's own text.
extern const unsigned char holm_gate_page[4096];
extern const unsigned char holm_gate_call[];
extern const unsigned char holm_gate_window_end[];  // the address after the only `syscall` instruction
extern const unsigned char holm_gate_abandon[];
extern const unsigned char holm_gate_restorer[];
extern const unsigned char holm_gate_worker[];  // where a worker's thread begins
extern const unsigned char
    holm_gate_depart[];  // [[noreturn]] void(Departure*), to be called in the moved page
}

}  // namespace holm::tender
