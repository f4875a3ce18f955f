#pragma once

// Round-trip time and the retransmission timeout (RFC 6298).

#include "base/instant.h"

namespace holm::net::tcp {

class RttEstimator {
  public:
    struct Bounds {
        Duration initial = Duration::seconds(1);
        // RFC 6298 says one second; like every current stack we go lower, because delayed ACKs take 40 ms
        // today.
        Duration minimum = Duration::milliseconds(200);
        Duration maximum = Duration::seconds(60);
    };

    explicit RttEstimator(const Bounds& bounds) : bounds_(&bounds), timeout_(bounds.initial) {}

    // A measured round trip of a segment that was sent once (Karn) or identified by its timestamp.
    void sample(Duration rtt);
    // The timer expired (5.5). The doubled value stays until the next sample.
    void back_off();
    // The SYN had to be sent again and no sample is there yet (5.7).
    void after_lost_syn();
    // An acknowledgment of new data ends the back-off when no sample came with it, even if none ever came:
    // else a lossy path without timestamps would keep the longest timeout for good.
    void restore();

    Duration timeout() const { return timeout_; }
    Duration smoothed() const { return smoothed_; }  // zero: no sample yet
    Duration variation() const { return variation_; }

  private:
    Duration computed() const;
    const Bounds* bounds_;
    Duration smoothed_;
    Duration variation_;
    Duration timeout_;
};

}  // namespace holm::net::tcp
