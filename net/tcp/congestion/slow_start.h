#pragma once

// Slow start that ends before it overshoots: HyStart++ (RFC 9406). When round trips grow, the window grows
// four times slower for a few rounds (conservative slow start); if they do not shrink again, slow start ends.

#include "net/tcp/congestion/control.h"

namespace holm::net::tcp {

class SlowStart {
  public:
    struct Growth {
        std::uint32_t bytes = 0;  // to add to the window
        bool done = false;        // congestion avoidance begins
    };
    // `initial`: the connection's first slow start; later ones have a threshold to end them (section 4.3).
    Growth grow(const CongestionControl::Progress& progress, bool initial);
    void restart() { *this = {}; }
    bool is_conservative() const { return conservative_; }

  private:
    void begin_round(const CongestionControl::Progress& progress);

    Seq round_end_;          // windowEnd
    bool in_round_ = false;  // round_end_ is valid
    bool conservative_ = false;
    std::uint8_t samples_ = 0;  // of this round
    std::uint8_t rounds_ = 0;   // of conservative slow start
    Duration last_round_ = Duration::max();
    Duration this_round_ = Duration::max();
    Duration baseline_ = Duration::max();  // cssBaselineMinRtt
};

}  // namespace holm::net::tcp
