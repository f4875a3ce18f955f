#pragma once

// Congestion control: how many bytes may be in the network. Loss recovery decides what was lost and when; an
// algorithm only decides how the window reacts, so that another one (CUBIC) is another subclass.

#include <cstdint>

#include "base/instant.h"

namespace holm::net::tcp {

class CongestionControl {
  public:
    static constexpr std::uint32_t kNoThreshold = 0x7fff'ffff;

    // cwnd and ssthresh, in bytes.
    std::uint32_t window() const { return window_; }
    std::uint32_t threshold() const { return threshold_; }
    bool in_slow_start() const { return window_ < threshold_; }

    // The connection is established. `syn_lost`: the handshake needed a retransmission (RFC 5681,
    // section 3.1).
    virtual void start(std::uint32_t mss, bool syn_lost) = 0;
    // New data was acknowledged while the window was in use.
    virtual void on_acknowledged(Instant now, std::uint32_t bytes) = 0;
    // Loss recovery begins; `flight`: bytes outstanding.
    virtual void on_congestion(Instant now, std::uint32_t flight) = 0;
    // Loss recovery has ended; `flight`: bytes still outstanding.
    virtual void on_recovered(Instant now, std::uint32_t flight) = 0;
    // The retransmission timer expired; `first`: not a repetition for the same data.
    virtual void on_timeout(Instant now, std::uint32_t flight, bool first) = 0;
    // Nothing was sent for longer than the retransmission timeout (RFC 5681, section 4.1).
    virtual void on_idle() = 0;
    // The path's MTU went down.
    virtual void set_mss(std::uint32_t mss) = 0;

  protected:
    ~CongestionControl() = default;
    std::uint32_t window_ = 0;
    std::uint32_t threshold_ = kNoThreshold;
};

}  // namespace holm::net::tcp
