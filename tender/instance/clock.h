#pragma once

// The guest's clock is the time-stamp counter. CPUs with FSGSBASE, which Holm requires, have an invariant
// one.

#include <cstdint>

#include "abi/boot_info.h"

namespace holm::tender {

// The counter and the host's CLOCK_MONOTONIC at the same moment.
struct ClockPair {
    std::uint64_t tsc;
    std::uint64_t monotonic_ns;
    std::uint64_t uncertainty_tsc;  // the moment lies within +- this many ticks
};

ClockPair read_clock_pair();

// Estimates the frequency from two pairs that lie a start apart, and says how far off that may be. CPUID
// could state it (leaf 0x15), but seldom does in a virtual machine, where asking costs 1 to 10 us a leaf.
holm_boot_clock make_boot_clock(const ClockPair& earlier, const ClockPair& later,
                                std::uint64_t wall_at_later_ns);

std::uint64_t read_wall_clock_ns();

}  // namespace holm::tender
