#include "kernel/time/discipline.h"

#include <algorithm>

namespace holm {

Discipline::Discipline(const Rate& start) : reference_{start.tsc, start.nanoseconds}, latest_(reference_) {}

Rate Discipline::update(const Rate& current, const HostSample& sample) {
    Rate next{sample.tsc, current.at(sample.tsc), current.multiplier};
    const auto ticks = static_cast<std::int64_t>(sample.tsc - reference_.tsc);
    const std::int64_t elapsed = sample.nanoseconds - reference_.nanoseconds;
    // A host clock that stood still or a counter that went back: no basis for an estimate.
    if (ticks <= 0 || elapsed <= 0) return next;

    const std::int64_t frequency =
        Rate::quotient(static_cast<std::uint64_t>(elapsed), static_cast<std::uint64_t>(ticks));
    next.multiplier = frequency;
    interval_ = std::min(interval_ * 10, kLongest);
    const std::int64_t behind = sample.nanoseconds - next.nanoseconds;
    if (behind > kLargestSlewed.as_nanoseconds()) {
        next.nanoseconds = sample.nanoseconds;
    } else {
        const std::int64_t ppm =
            std::clamp(behind * 1'000'000 / interval_.as_nanoseconds(), -kLargestSlewPpm, kLargestSlewPpm);
        const std::int64_t ticks_to_next = Rate::quotient(
            static_cast<std::uint64_t>(interval_.as_nanoseconds()), static_cast<std::uint64_t>(frequency));
        next.slew_over(ticks_to_next, frequency / 1'000'000 * ppm);
    }
    if (elapsed > kLongestStretch) reference_ = latest_;
    latest_ = sample;
    return next;
}

}  // namespace holm
