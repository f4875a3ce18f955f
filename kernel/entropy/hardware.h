#pragma once

// The processor's random number generator: one folder for each architecture.

#include <array>
#include <cstdint>

namespace holm {

// Zeros where the processor has none or it does not answer: the tender's seed alone is enough, this is a
// second source.
std::array<std::uint64_t, 4> hardware_random();

}  // namespace holm
