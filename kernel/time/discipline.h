#pragma once

// Keeps a clock that counts the time stamp counter in step with the host's clock. Pure arithmetic on samples.
//
// The frequency is estimated over an ever longer stretch, so that the error of a single sample (some 100 ns)
// weighs less and less: 100 ppm after 1 ms, 0.1 ppm after 1 s. What the clock is off by is then made up for
// over the time to the next sample by running a little faster or slower; it never jumps back. The host's own
// corrections move its clock by up to 500 ppm, hence the stretch is bounded and samples are taken for ever.

#include <cstdint>

#include "base/instant.h"
#include "kernel/time/rate.h"

namespace holm {

struct HostSample {
    std::uint64_t tsc;
    std::int64_t nanoseconds;  // of the host's clock, counted from the same point as the disciplined one
};

class Discipline {
  public:
    // `start` holds at the time of the boot info; the frequency is what the tender measured.
    Discipline(const Rate& start);

    // The rate to go on with from this sample on.
    Rate update(const Rate& current, const HostSample& sample);

    // Time from the last sample to the next: 1 ms at first, ten times as long after each sample, then
    // kLongest.
    Duration interval() const { return interval_; }

    static constexpr Duration kFirst = Duration::milliseconds(1);
    static constexpr Duration kLongest = Duration::seconds(16);
    // The clock runs at most this much faster or slower than the host's to make up for being off.
    static constexpr std::int64_t kLargestSlewPpm = 1000;
    // Being behind by more than this is made up for at once: the host slept, or the instance did for days.
    static constexpr Duration kLargestSlewed = Duration::milliseconds(50);

  private:
    static constexpr std::int64_t kLongestStretch = 128'000'000'000;  // ns

    HostSample reference_;  // where the stretch begins
    HostSample latest_;
    Duration interval_ = kFirst;
};

}  // namespace holm
