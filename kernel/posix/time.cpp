// Reading the clocks. The monotonic clock begins at the instance's start. CPU time is what the core did not
// spend asleep.

#include <sys/time.h>

#include "kernel/core.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/times.h"
#include "kernel/task/executor.h"
#include "kernel/task/fiber.h"
#include "kernel/time/clock.h"

namespace holm::posix {
namespace {

Clock& clock_of_core() {
    return *this_core().clock;
}

}  // namespace

SYSTEM_CALL(clock_gettime, clockid_t clock, timespec* time) {
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_COARSE:
        case CLOCK_TAI:
            *time = to_timespec(clock_of_core().wall_now().nanoseconds);
            return 0;
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_MONOTONIC_COARSE:
        case CLOCK_BOOTTIME:
            *time = to_timespec(clock_of_core().now().as_nanoseconds());
            return 0;
        case CLOCK_PROCESS_CPUTIME_ID:
            *time = to_timespec(executor().processor_time().as_nanoseconds());
            return 0;
        case CLOCK_THREAD_CPUTIME_ID: {
            const Fiber* fiber = Fiber::current();  // tasks are no threads: they have the core's time
            const Duration ran = fiber != nullptr ? fiber->processor_time() : executor().processor_time();
            *time = to_timespec(ran.as_nanoseconds());
            return 0;
        }
        default:
            return -EINVAL;
    }
}

SYSTEM_CALL(clock_getres, clockid_t clock, timespec* resolution) {
    timespec now;
    if (const Outcome outcome = system_clock_gettime(clock, &now); outcome < 0) return outcome;
    if (resolution != nullptr) *resolution = {.tv_sec = 0, .tv_nsec = 1};
    return 0;
}

SYSTEM_CALL(gettimeofday, timeval* time, void*) {
    const timespec now = to_timespec(clock_of_core().wall_now().nanoseconds);
    if (time != nullptr) *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

SYSTEM_CALL(time, time_t* result) {
    const time_t now = clock_of_core().wall_now().seconds();
    if (result != nullptr) *result = now;
    return now;
}

}  // namespace holm::posix
