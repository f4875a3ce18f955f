#pragma once

// CUBIC (RFC 9438): after a loss the window grows along a cubic curve back to where the loss was, lingers
// there, and then probes beyond, by time rather than by round trips. Where the standard algorithm would be
// faster, it is followed.

#include "net/tcp/congestion/control.h"
#include "net/tcp/congestion/slow_start.h"

namespace holm::net::tcp {

class Cubic final : public CongestionControl {
  public:
    void start(std::uint32_t mss, bool syn_lost) override;
    void on_acknowledged(const Progress& progress) override;
    void on_congestion(Instant now, std::uint32_t flight) override;
    void on_timeout(Instant now, std::uint32_t flight, bool first) override;
    void on_idle(Instant now) override;
    void remember() override { before_ = {window_, threshold_, curve_}; }
    void undo() override;
    void set_mss(std::uint32_t mss) override { mss_ = mss; }
    const char* name() const override { return "cubic"; }

  private:
    // Windows in segments, times in seconds, as in the RFC.
    struct Curve {
        Instant epoch = Instant::never();  // epoch_start; never: congestion avoidance has not begun
        double maximum = 0;                // W_max
        double inflection = 0;             // K: when the curve is back at W_max
        double estimate = 0;               // W_est: what the standard algorithm would have
        double prior = 0;                  // cwnd_prior
    };
    struct Before {
        std::uint32_t window = 0;
        std::uint32_t threshold = 0;
        Curve curve;
    };
    double segments(std::uint32_t bytes) const { return double(bytes) / mss_; }
    std::uint32_t reduced() const;
    void note_loss();
    void begin_epoch(Instant now);
    void avoid_congestion(const Progress& progress);

    std::uint32_t mss_ = 536;
    double fraction_ = 0;  // bytes that the window has grown by and that are not whole yet
    Instant last_;         // of the last acknowledgment
    Curve curve_;
    Before before_;
    SlowStart slow_start_;
};

}  // namespace holm::net::tcp
