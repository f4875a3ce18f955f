#pragma once

// How a clock follows the time stamp counter: a straight line from a starting point, on whose first stretch
// it runs a little faster or slower to make up for what it was off by.

#include <cstdint>
#include <limits>

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
    static std::int64_t multiplier_for(std::uint64_t frequency) { return quotient(1'000'000'000, frequency); }

    // (dividend << kShift) / divisor, which is not 0; the largest number if that is more than fits. One
    // instruction where the compiler would call a division of 128 by 128 bits.
    static std::int64_t quotient(std::uint64_t dividend, std::uint64_t divisor) {
        constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
        std::uint64_t high = dividend >> (64 - kShift);
        const std::uint64_t low = dividend << kShift;
        if (high >= divisor / 2) return kMost;
#ifdef __x86_64__
        std::uint64_t result = low;
        __asm__("divq %2" : "+a"(result), "+d"(high) : "r"(divisor) : "cc");
        return static_cast<std::int64_t>(result);
#else
        return static_cast<std::int64_t>(((static_cast<unsigned __int128>(high) << 64) | low) / divisor);
#endif
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
