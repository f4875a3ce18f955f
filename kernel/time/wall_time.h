#pragma once

// A point on the wall clock: nanoseconds since 1970-01-01 00:00 UTC, leap seconds not counted. Unlike an
// Instant it may be set by people, so nothing is scheduled by it.

#include <compare>
#include <cstdint>

namespace holm {

struct WallTime {
    std::int64_t nanoseconds = 0;

    constexpr std::int64_t seconds() const { return nanoseconds / 1'000'000'000; }
    friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

}  // namespace holm
