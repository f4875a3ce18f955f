#pragma once

// The standard algorithm: slow start, congestion avoidance, halving on loss (RFC 5681), initial window of ten
// segments (RFC 6928).

#include "net/tcp/congestion/control.h"
#include "net/tcp/congestion/slow_start.h"

namespace holm::net::tcp {

class NewReno final : public CongestionControl {
  public:
    void start(std::uint32_t mss, bool syn_lost) override;
    void on_acknowledged(const Progress& progress) override;
    void on_congestion(Instant now, std::uint32_t flight) override;
    void on_timeout(Instant now, std::uint32_t flight, bool first) override;
    void on_idle(Instant now) override;
    CongestionBefore before() const override { return {window_, threshold_, {}}; }
    void undo(const CongestionBefore& before) override;
    void set_mss(std::uint32_t mss) override { mss_ = mss; }
    const char* name() const override { return "reno"; }

  private:
    std::uint32_t mss_ = 536;
    // Bytes counted towards the next increase (appropriate byte counting, RFC 3465).
    std::uint32_t acknowledged_ = 0;
    SlowStart slow_start_;
};

}  // namespace holm::net::tcp
