#pragma once

// The standard algorithm: slow start, congestion avoidance, halving on loss (RFC 5681), initial window of ten
// segments (RFC 6928).

#include "net/tcp/congestion.h"

namespace holm::net::tcp {

class NewReno final : public CongestionControl {
  public:
    void start(std::uint32_t mss, bool syn_lost) override;
    void on_acknowledged(Instant now, std::uint32_t bytes) override;
    void on_congestion(Instant now, std::uint32_t flight) override;
    void on_recovered(Instant now, std::uint32_t flight) override;
    void on_timeout(Instant now, std::uint32_t flight, bool first) override;
    void on_idle() override;
    void set_mss(std::uint32_t mss) override { mss_ = mss; }

  private:
    std::uint32_t initial_window() const;
    std::uint32_t mss_ = 536;
    std::uint32_t acknowledged_ =
        0;  // bytes counted towards the next increase (appropriate byte counting, RFC 3465)
};

}  // namespace holm::net::tcp
