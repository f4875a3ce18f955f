// Sleeping: the fiber waits, the core goes on.

#include <algorithm>

#include "kernel/posix/system_call.h"
#include "kernel/posix/times.h"
#include "kernel/posix/wait.h"
#include "kernel/task/executor.h"
#include "kernel/time/clock.h"

namespace holm::posix {
namespace {

Outcome sleep_until(Instant deadline) {
    const InterruptibleWait wait(blocking_fiber("sleep"), false);
    while (executor().now() < deadline) {
        Fiber::suspend(deadline);
        if (wait.is_interrupted()) return -EINTR;
    }
    return 0;
}

Outcome sleep_for(Duration duration, timespec* remaining) {
    const Instant deadline = executor().now() + duration;
    const Outcome outcome = sleep_until(deadline);
    if (outcome == -EINTR && remaining != nullptr) {
        *remaining = to_timespec(std::max((deadline - executor().now()).as_nanoseconds(), std::int64_t{0}));
    }
    return outcome;
}

}  // namespace

SYSTEM_CALL(clock_nanosleep, clockid_t clock, int flags, const timespec* time, timespec* remaining) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME) return -EINVAL;
    const std::optional<Duration> duration = to_duration(*time);
    if (!duration) return -EINVAL;
    if ((flags & TIMER_ABSTIME) == 0) return sleep_for(*duration, remaining);
    if (clock != CLOCK_REALTIME) return sleep_until(Instant::from_nanoseconds(duration->as_nanoseconds()));
    const std::int64_t wall = this_core().clock->wall_now().nanoseconds;
    return sleep_until(executor().now() + Duration::nanoseconds(duration->as_nanoseconds() - wall));
}

SYSTEM_CALL(nanosleep, const timespec* time, timespec* remaining) {
    return system_clock_nanosleep(CLOCK_MONOTONIC, 0, time, remaining);
}

SYSTEM_CALL(pause) {
    return sleep_until(Instant::never());
}

}  // namespace holm::posix
