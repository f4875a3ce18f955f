#pragma once

// A rate limit: `rate` events a second on average, `burst` at once.

#include <algorithm>
#include <cstdint>

#include "base/instant.h"

namespace holm {

class TokenBucket {
  public:
    constexpr TokenBucket(std::int64_t rate, std::int64_t burst)
        : cost_(Duration::seconds(1) / rate), depth_(cost_ * burst), credit_(depth_) {}

    // Takes one token if there is one.
    bool take(Instant now) {
        if (now > refilled_) {
            credit_ =
                std::min(depth_, Duration::nanoseconds(credit_.as_nanoseconds() +
                                                       std::min(depth_, now - refilled_).as_nanoseconds()));
            refilled_ = now;
        }
        if (credit_ < cost_) return false;
        credit_ = credit_ - cost_;
        return true;
    }

  private:
    Duration cost_;    // time that earns a token
    Duration depth_;   // the most credit that can be saved up
    Duration credit_;  // unused time
    Instant refilled_;
};

}  // namespace holm
