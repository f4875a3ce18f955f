#pragma once

// The least round-trip time of the last ten seconds or so: of this interval and the one before it.

#include <algorithm>

#include "base/instant.h"

namespace holm::net::tcp {

class RttMinimum {
  public:
    // How long the path's minimum is believed (RFC 8985, section 6.2: a recent estimate).
    static constexpr Duration kInterval = Duration::seconds(10);

    void sample(Instant now, Duration rtt) {
        if (now - begin_ >= kInterval) {
            before_ = now - begin_ >= kInterval * 2 ? Duration::max() : current_;
            current_ = Duration::max();
            begin_ = now;
        }
        current_ = std::min(current_, rtt);
    }
    // Zero: no sample yet.
    Duration value() const {
        const Duration least = std::min(current_, before_);
        return least == Duration::max() ? Duration() : least;
    }

  private:
    Instant begin_;
    Duration current_ = Duration::max();
    Duration before_ = Duration::max();
};

}  // namespace holm::net::tcp
