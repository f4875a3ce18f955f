#include "tender/instance/clock.h"

#include <algorithm>

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace holm::tender {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

// As a system call: finding the vDSO's function would cost more than the three calls that a start makes.
std::uint64_t read_clock(clockid_t clock) {
    timespec now{};
    syscall(SYS_clock_gettime, clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kNanosecondsPerSecond +
           static_cast<std::uint64_t>(now.tv_nsec);
}

ClockPair read_pair_once() {
    const std::uint64_t before = __builtin_ia32_rdtsc();
    const std::uint64_t now = read_clock(CLOCK_MONOTONIC);
    const std::uint64_t after = __builtin_ia32_rdtsc();
    return {before + (after - before) / 2, now, (after - before) / 2 + 1};
}

}  // namespace

// The first reading meets cold caches and page faults and is several times less certain than the second.
ClockPair read_clock_pair() {
    const ClockPair cold = read_pair_once();
    const ClockPair warm = read_pair_once();
    return warm.uncertainty_tsc < cold.uncertainty_tsc ? warm : cold;
}

std::uint64_t read_wall_clock_ns() {
    return read_clock(CLOCK_REALTIME);
}

holm_boot_clock make_boot_clock(const ClockPair& earlier, const ClockPair& later,
                                std::uint64_t wall_at_later_ns) {
    holm_boot_clock clock{};
    clock.tsc_at_start = later.tsc;
    clock.monotonic_at_start_ns = later.monotonic_ns;
    clock.wall_at_start_ns = wall_at_later_ns;
    std::uint64_t ticks = later.tsc - earlier.tsc;
    std::uint64_t nanoseconds = later.monotonic_ns - earlier.monotonic_ns;
    // A start takes some 100 us; should it take seconds, the product below must still fit into 64 bits.
    while (ticks > kNanosecondsPerSecond) {
        ticks /= 2;
        nanoseconds /= 2;
    }
    ticks = std::max<std::uint64_t>(ticks, 1);
    nanoseconds = std::max<std::uint64_t>(nanoseconds, 1);
    clock.tsc_hz = ticks * kNanosecondsPerSecond / nanoseconds;
    const std::uint64_t error = (earlier.uncertainty_tsc + later.uncertainty_tsc) * 1'000'000 / ticks + 1;
    clock.tsc_error_ppm = static_cast<std::uint32_t>(std::min<std::uint64_t>(error, 1'000'000));
    return clock;
}

}  // namespace holm::tender
