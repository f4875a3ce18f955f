#include "kernel/time/clock.h"

#include <algorithm>
#include <cstdlib>

namespace holm {

// A wall clock that is off by more has been set and is followed at once; below, it is led there.
static constexpr std::int64_t kWallStep = 128'000'000;  // ns

// A sample that was interrupted says too little; there will be another.
static constexpr std::uint64_t kLongestSample = 200'000;  // ticks

Clock::Clock(const holm_boot_clock& boot, platform::Platform& platform)
    : rate_(boot.tsc_at_start, 0, Rate::multiplier_for(std::max<std::uint64_t>(boot.tsc_hz, 1))),
      wall_offset_(static_cast<std::int64_t>(boot.wall_at_start_ns)),
      next_sample_(boot.tsc_error_ppm == 0 ? Instant::never() : Instant() + Discipline::kFirst),
      discipline_(rate_),
      platform_(platform),
      host_start_(boot.monotonic_at_start_ns) {}

void Clock::sample() {
    platform::ClockSample clocks{};
    if (!platform_.sample_clock(clocks)) {
        next_sample_ = Instant::never();
        return;
    }
    const std::uint64_t width = clocks.tsc_after - clocks.tsc_before;
    if (width < kLongestSample) {
        const HostSample host{clocks.tsc_before + width / 2,
                              static_cast<std::int64_t>(clocks.monotonic_ns - host_start_)};
        rate_ = discipline_.update(rate_, host);
        const std::int64_t wanted = static_cast<std::int64_t>(clocks.wall_ns) - host.nanoseconds;
        const std::int64_t off = wanted - wall_offset_;
        if (std::abs(off) > kWallStep) {
            wall_offset_ = wanted;
            last_wall_ = 0;
        } else {
            wall_offset_ += off / 4;
        }
    }
    next_sample_ = now() + discipline_.interval();
}

}  // namespace holm
