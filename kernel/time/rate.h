#pragma once

// How a clock follows the time stamp counter: a straight line from a starting point, on whose first stretch
// it runs a little faster or slower to make up for what it was off by.

#include <algorithm>
#include <cstdint>

namespace holm {

struct Rate {
    // `multiplier` counts 2^-40 ns a tick: at 1 GHz one unit is 10^-12, far below what can be measured.
    static constexpr unsigned kShift = 40;

    std::uint64_t tsc = 0;  // the starting point
    std::int64_t nanoseconds = 0;
    std::uint64_t multiplier = 0;
    std::int64_t slew = 0;  // added to the multiplier, smaller than it, for the first `slew_ticks`
    std::int64_t slew_ticks = 0;

    // A counter that lies before the starting point (another core's, by a few ticks) counts as the starting
    // point.
    std::int64_t at(std::uint64_t counter) const {
        const auto ticks = static_cast<std::int64_t>(counter - tsc);
        if (ticks < 0) return nanoseconds;
        const __int128 line = static_cast<__int128>(ticks) * static_cast<std::int64_t>(multiplier);
        const __int128 made_up = static_cast<__int128>(std::min(ticks, slew_ticks)) * slew;
        return nanoseconds + static_cast<std::int64_t>((line + made_up) >> kShift);
    }

    // `frequency` in ticks a second, not 0.
    static std::uint64_t multiplier_for(std::uint64_t frequency) {
        using Wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<Wide>(1'000'000'000) << kShift) / frequency);
    }
};

}  // namespace holm
