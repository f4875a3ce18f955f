#pragma once

// Which seeds a test of random worlds tries: HOLM_SEED=N replays one, HOLM_SEEDS=N tries more than the usual
// ones, from HOLM_FIRST_SEED on.

#include <cstdint>
#include <cstdlib>

namespace holm::test {

template <typename Try>
void for_each_seed(std::uint32_t usual, Try attempt) {
    const auto number = [](const char* name, std::uint32_t otherwise) {
        const char* value = std::getenv(name);
        return value != nullptr ? std::uint32_t(std::strtoul(value, nullptr, 10)) : otherwise;
    };
    if (const std::uint32_t only = number("HOLM_SEED", 0); only != 0) return attempt(only);
    const std::uint32_t first = number("HOLM_FIRST_SEED", 1);
    const std::uint32_t count = number("HOLM_SEEDS", usual);
    for (std::uint32_t seed = first; seed < first + count; ++seed) attempt(seed);
}

}  // namespace holm::test
