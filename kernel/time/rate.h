#pragma once

// How a clock follows the time stamp counter: a straight line from a starting point, on whose first stretch
// it runs a little faster or slower to make up for what it was off by.

#include <cstdint>

namespace holm {

class Rate {
  public:
    // Multipliers count 2^-40 ns a tick: at 1 GHz one unit is 10^-12, far below what can be measured.
    static constexpr unsigned kShift = 40;

    std::uint64_t tsc = 0;  // the starting point
    std::int64_t nanoseconds = 0;
    std::int64_t multiplier = 0;

    Rate() = default;
    Rate(std::uint64_t start_tsc, std::int64_t start_nanoseconds, std::int64_t start_multiplier)
        : tsc(start_tsc), nanoseconds(start_nanoseconds), multiplier(start_multiplier) {}

    // A counter that lies before the starting point (another core's, by a few ticks) counts as the start.
    std::int64_t at(std::uint64_t counter) const {
        const auto ticks = static_cast<std::int64_t>(counter - tsc);
        if (ticks >= slew_ticks_) [[likely]]
            return nanoseconds + slewed_ + scale(ticks, multiplier);
        return nanoseconds + scale(ticks > 0 ? ticks : 0, multiplier + slew_);
    }

    // For the first `ticks` the multiplier is `by` larger; a negative `by` is smaller than the multiplier.
    void slew_over(std::int64_t ticks, std::int64_t by) {
        slew_ticks_ = ticks;
        slew_ = by;
        slewed_ = scale(ticks, by);
    }

    // `frequency` in ticks a second, not 0.
    static std::int64_t multiplier_for(std::uint64_t frequency) {
        using Wide = unsigned __int128;
        return static_cast<std::int64_t>((static_cast<Wide>(1'000'000'000) << kShift) / frequency);
    }

  private:
    static std::int64_t scale(std::int64_t ticks, std::int64_t by) {
        return static_cast<std::int64_t>((static_cast<__int128>(ticks) * by) >> kShift);
    }

    std::int64_t slew_ = 0;
    std::int64_t slew_ticks_ = 0;
    std::int64_t slewed_ = 0;  // ns made up for by then
};

}  // namespace holm
