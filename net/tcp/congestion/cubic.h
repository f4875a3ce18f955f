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
    CongestionBefore before() const override { return {window_, threshold_, curve_}; }
    void undo(const CongestionBefore& before) override;
    void set_mss(std::uint32_t mss) override { mss_ = mss; }
    const char* name() const override { return "cubic"; }

  private:
    double segments(std::uint32_t bytes) const { return double(bytes) / mss_; }
    std::uint32_t reduced() const;
    void note_loss();
    void begin_epoch(Instant now);
    void avoid_congestion(const Progress& progress);

    std::uint32_t mss_ = 536;
    double fraction_ = 0;  // bytes that the window has grown by and that are not whole yet
    Instant last_;         // of the last acknowledgment
    CubicCurve curve_;
    SlowStart slow_start_;
};

}  // namespace holm::net::tcp
