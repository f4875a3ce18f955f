#pragma once

// Sequence numbers: a circle of 2^32 numbers (RFC 9293, section 3.4). "Before" and "after" mean the shorter
// way round, so comparisons are only meaningful between numbers less than 2^31 apart: the order is not
// transitive, never sort by it.

#include <cstdint>

namespace holm::net::tcp {

class Seq {
  public:
    constexpr Seq() = default;
    constexpr explicit Seq(std::uint32_t value) : value_(value) {}
    constexpr std::uint32_t value() const { return value_; }

    friend constexpr Seq operator+(Seq seq, std::uint32_t bytes) { return Seq(seq.value_ + bytes); }
    friend constexpr Seq operator-(Seq seq, std::uint32_t bytes) { return Seq(seq.value_ - bytes); }
    constexpr Seq& operator+=(std::uint32_t bytes) {
        value_ += bytes;
        return *this;
    }
    // Signed distance: positive when `a` comes after `b`.
    friend constexpr std::int32_t operator-(Seq a, Seq b) { return std::int32_t(a.value_ - b.value_); }

    friend constexpr bool operator==(Seq, Seq) = default;
    friend constexpr bool operator<(Seq a, Seq b) { return a - b < 0; }
    friend constexpr bool operator<=(Seq a, Seq b) { return a - b <= 0; }
    friend constexpr bool operator>(Seq a, Seq b) { return a - b > 0; }
    friend constexpr bool operator>=(Seq a, Seq b) { return a - b >= 0; }

  private:
    std::uint32_t value_ = 0;
};

constexpr Seq earlier(Seq a, Seq b) {
    return a < b ? a : b;
}
constexpr Seq later(Seq a, Seq b) {
    return a > b ? a : b;
}

// Bytes from `begin` to `end`. Precondition: begin <= end.
constexpr std::uint32_t distance(Seq begin, Seq end) {
    return end.value() - begin.value();
}

// A half-open run of sequence numbers.
struct SeqRange {
    Seq begin;
    Seq end;
    constexpr std::uint32_t size() const { return distance(begin, end); }
    constexpr bool empty() const { return begin == end; }
    friend constexpr bool operator==(const SeqRange&, const SeqRange&) = default;
};

}  // namespace holm::net::tcp
