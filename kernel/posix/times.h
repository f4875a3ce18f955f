#pragma once

// Conversions between the C library's times and the kernel's.

#include <cstdint>
#include <optional>

#include <errno.h>
#include <time.h>

#include "base/instant.h"

namespace holm::posix {

inline timespec to_timespec(std::int64_t nanoseconds) {
    return {.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = static_cast<long>(nanoseconds % 1'000'000'000)};
}

// Nothing for a time that is negative or not normalised; saturates at Duration::max().
inline std::optional<Duration> to_duration(const timespec& time) {
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= 1'000'000'000) return std::nullopt;
    std::int64_t nanoseconds = 0;
    if (__builtin_mul_overflow(time.tv_sec, std::int64_t{1'000'000'000}, &nanoseconds) ||
        __builtin_add_overflow(nanoseconds, std::int64_t{time.tv_nsec}, &nanoseconds)) {
        return Duration::max();
    }
    return Duration::nanoseconds(nanoseconds);
}

}  // namespace holm::posix
