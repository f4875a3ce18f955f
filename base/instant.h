#pragma once

// Time as strong types. An Instant is a point on the monotonic clock, a Duration is a length; both count
// nanoseconds in 64 bits (292 years). Nothing below the kernel reads a clock: time is always an argument.

#include <compare>
#include <cstdint>
#include <limits>

namespace holm {

class Duration {
  public:
    constexpr Duration() = default;

    static constexpr Duration nanoseconds(std::int64_t n) { return Duration(n); }
    static constexpr Duration microseconds(std::int64_t n) { return Duration(n * 1'000); }
    static constexpr Duration milliseconds(std::int64_t n) { return Duration(n * 1'000'000); }
    static constexpr Duration seconds(std::int64_t n) { return Duration(n * 1'000'000'000); }
    static constexpr Duration minutes(std::int64_t n) { return seconds(n * 60); }
    static constexpr Duration max() { return Duration(std::numeric_limits<std::int64_t>::max()); }

    constexpr std::int64_t as_nanoseconds() const { return nanoseconds_; }
    constexpr std::int64_t as_microseconds() const { return nanoseconds_ / 1'000; }
    constexpr std::int64_t as_milliseconds() const { return nanoseconds_ / 1'000'000; }
    constexpr std::int64_t as_seconds() const { return nanoseconds_ / 1'000'000'000; }

    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) {
        return Duration(a.nanoseconds_ + b.nanoseconds_);
    }
    friend constexpr Duration operator-(Duration a, Duration b) {
        return Duration(a.nanoseconds_ - b.nanoseconds_);
    }
    friend constexpr Duration operator*(Duration a, std::int64_t n) { return Duration(a.nanoseconds_ * n); }
    friend constexpr Duration operator/(Duration a, std::int64_t n) { return Duration(a.nanoseconds_ / n); }

  private:
    explicit constexpr Duration(std::int64_t n) : nanoseconds_(n) {}
    std::int64_t nanoseconds_ = 0;
};

class Instant {
  public:
    constexpr Instant() = default;

    // Nanoseconds since the clock's own epoch (the start of the instance in a guest, zero in tests).
    static constexpr Instant from_nanoseconds(std::int64_t n) { return Instant(n); }
    // Later than every deadline: "no deadline".
    static constexpr Instant never() { return Instant(std::numeric_limits<std::int64_t>::max()); }

    constexpr std::int64_t as_nanoseconds() const { return nanoseconds_; }
    constexpr bool is_never() const { return *this == never(); }

    friend constexpr auto operator<=>(Instant, Instant) = default;
    // Saturates at never(), so that `now + Duration::max()` is a deadline that does not come.
    friend constexpr Instant operator+(Instant t, Duration d) {
        std::int64_t sum = 0;
        if (__builtin_add_overflow(t.nanoseconds_, d.as_nanoseconds(), &sum)) return never();
        return Instant(sum);
    }
    friend constexpr Instant operator-(Instant t, Duration d) {
        return Instant(t.nanoseconds_ - d.as_nanoseconds());
    }
    friend constexpr Duration operator-(Instant a, Instant b) {
        return Duration::nanoseconds(a.nanoseconds_ - b.nanoseconds_);
    }

  private:
    explicit constexpr Instant(std::int64_t n) : nanoseconds_(n) {}
    std::int64_t nanoseconds_ = 0;
};

}  // namespace holm
