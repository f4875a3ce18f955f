// Sleeping: the fiber waits, the core goes on. No signal ever ends a sleep early.

#include "kernel/posix/system_call.h"
#include "kernel/posix/times.h"
#include "kernel/posix/wait.h"
#include "kernel/task/executor.h"
#include "kernel/time/clock.h"

namespace holm::posix {
namespace {

Outcome sleep_until(Instant deadline) {
    blocking_fiber("sleep");
    while (executor().now() < deadline) Fiber::suspend(deadline);
    return 0;
}

}  // namespace

SYSTEM_CALL(clock_nanosleep, clockid_t clock, int flags, const timespec* time) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME) return -EINVAL;
    const std::optional<Duration> duration = to_duration(*time);
    if (!duration) return -EINVAL;
    if ((flags & TIMER_ABSTIME) == 0) return sleep_until(executor().now() + *duration);
    if (clock != CLOCK_REALTIME) return sleep_until(Instant::from_nanoseconds(duration->as_nanoseconds()));
    const std::int64_t wall = this_core().clock->wall_now().nanoseconds;
    return sleep_until(executor().now() + Duration::nanoseconds(duration->as_nanoseconds() - wall));
}

SYSTEM_CALL(nanosleep, const timespec* time) {
    return system_clock_nanosleep(CLOCK_MONOTONIC, 0, time);
}

}  // namespace holm::posix
