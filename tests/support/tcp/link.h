#pragma once

// A link as it may be: a rate and a drop-tail queue, delay, jitter, loss by chance or in bursts, reordering,
// repetition, corruption. Decided by a seeded generator, in virtual time.

#include <algorithm>
#include <cstdint>
#include <random>

#include "base/instant.h"
#include "tests/support/tcp/network.h"

namespace holm::net::tcp::test {

struct LinkShape {
    std::uint64_t bits_per_second = 0;  // zero: as fast as light
    std::uint32_t queue = 256U << 10U;  // bytes that may wait
    Duration delay = Duration::milliseconds(1);
    Duration jitter;  // at most, and without overtaking unless `reordered`
    // In a million packets:
    std::uint32_t lost = 0;
    std::uint32_t repeated = 0;
    std::uint32_t corrupted = 0;
    std::uint32_t reordered = 0;  // held back by up to a fourth of the delay, so that others overtake
    std::uint32_t marked = 0;     // CE if the packet is ECT
    // Gilbert and Elliott: the link goes bad, loses `lost_when_bad` then, and recovers.
    std::uint32_t goes_bad = 0;
    std::uint32_t recovers = 100'000;
    std::uint32_t lost_when_bad = 500'000;
};

class Link {
  public:
    Link(const LinkShape& shape, std::uint32_t seed) : shape_(shape), random_(seed) {}

    Fate judge(Instant now, std::size_t bytes) {
        Fate fate;
        if (bad_ ? chance(shape_.recovers) : chance(shape_.goes_bad)) bad_ = !bad_;
        fate.lost = chance(shape_.lost) || (bad_ && chance(shape_.lost_when_bad)) || now < outage_;
        fate.repeated = chance(shape_.repeated);
        if (chance(shape_.corrupted)) fate.flipped_bit = int(random_() % (bytes * 8));
        fate.marked = chance(shape_.marked);

        Instant departure = now;
        if (shape_.bits_per_second != 0) {
            const auto time = [&](std::uint64_t size) {
                return Duration::nanoseconds(std::int64_t(size * 8'000'000'000 / shape_.bits_per_second));
            };
            busy_until_ = std::max(busy_until_, now);
            if (busy_until_ - now > time(shape_.queue)) {
                fate.lost = true;
                ++dropped_;
            } else {
                busy_until_ = busy_until_ + time(bytes + 34);  // IP and Ethernet
            }
            departure = busy_until_;
        }
        Instant arrival = departure + shape_.delay;
        if (shape_.jitter != Duration())
            arrival = arrival + Duration::nanoseconds(
                                    std::int64_t(random_() % std::uint64_t(shape_.jitter.as_nanoseconds())));
        if (chance(shape_.reordered)) {
            arrival = arrival + Duration::nanoseconds(std::int64_t(random_() % 1024) *
                                                      shape_.delay.as_nanoseconds() / 4096);
        } else {
            arrival = last_arrival_ = std::max(arrival, last_arrival_);
        }
        fate.delay = arrival - now;
        return fate;
    }

    // Until then everything is lost.
    void lose(Instant until) { outage_ = until; }
    std::uint64_t dropped_by_queue() const { return dropped_; }

  private:
    bool chance(std::uint32_t in_million) { return in_million != 0 && random_() % 1'000'000 < in_million; }

    LinkShape shape_;
    std::mt19937 random_;
    Instant busy_until_;
    Instant last_arrival_;
    std::uint64_t dropped_ = 0;
    Instant outage_;
    bool bad_ = false;
};

}  // namespace holm::net::tcp::test
