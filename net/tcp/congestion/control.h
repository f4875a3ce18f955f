#pragma once

// Congestion control: how many bytes may be in the network. Loss recovery decides what was lost and when; an
// algorithm only decides how the window reacts. A new algorithm is a new subclass and a line in algorithm.h.

#include <cstdint>

#include "base/instant.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

// CUBIC's curve (RFC 9438). Windows in segments, times in seconds, as in the RFC.
struct CubicCurve {
    Instant epoch = Instant::never();  // epoch_start; never: congestion avoidance has not begun
    double maximum = 0;                // W_max
    double inflection = 0;             // K: when the curve is back at W_max
    double estimate = 0;               // W_est: what the standard algorithm would have
    double prior = 0;                  // cwnd_prior
};

// What was there before a reduction. Loss recovery keeps it, for as long as the reduction may be undone: an
// idle connection has none.
struct CongestionBefore {
    std::uint32_t window = 0;
    std::uint32_t threshold = 0;
    CubicCurve curve;
};

class CongestionControl {
  public:
    static constexpr std::uint32_t kNoThreshold = 0x7fff'ffff;

    // cwnd and ssthresh, in bytes.
    std::uint32_t window() const { return window_; }
    std::uint32_t threshold() const { return threshold_; }
    bool in_slow_start() const { return window_ < threshold_; }

    // New data was acknowledged outside of loss recovery, or in the slow start after a timeout.
    struct Progress {
        Instant now;
        std::uint32_t bytes = 0;      // acknowledged
        bool window_limited = false;  // the congestion window was in use: only then may it grow (RFC 7661)
        Duration smoothed;            // round-trip time; zero: not known yet
        Duration sample;              // round trip of what this ACK acknowledges; zero: it shows none
        Seq una;                      // SND.UNA and SND.NXT: rounds are told apart by them
        Seq next;
    };

    // The connection is established. `syn_lost`: the handshake needed a retransmission (RFC 5681,
    // section 3.1).
    virtual void start(std::uint32_t mss, bool syn_lost) = 0;
    virtual void on_acknowledged(const Progress& progress) = 0;
    // Loss recovery begins, or the network has marked a packet (RFC 3168); `flight`: bytes outstanding.
    virtual void on_congestion(Instant now, std::uint32_t flight) = 0;
    // The retransmission timer expired; `first`: not a repetition for the same data.
    virtual void on_timeout(Instant now, std::uint32_t flight, bool first) = 0;
    // Nothing was sent for longer than the retransmission timeout (RFC 5681, section 4.1).
    virtual void on_idle(Instant now) = 0;
    // What on_congestion() and on_timeout() do from now on can be taken back by undo() of this.
    virtual CongestionBefore before() const = 0;
    // The segments that seemed lost had only been slow (RFC 4015, RFC 9438, section 4.9).
    virtual void undo(const CongestionBefore& before) = 0;
    // The path's MTU went down.
    virtual void set_mss(std::uint32_t mss) = 0;
    virtual const char* name() const = 0;

    // Loss recovery has ended, with `window` bytes allowed (PRR leaves it at the threshold or below).
    void set_window(std::uint32_t window) { window_ = window; }
    // Takes over from another algorithm.
    void adopt(std::uint32_t mss, std::uint32_t window, std::uint32_t threshold) {
        set_mss(mss);
        window_ = window;
        threshold_ = threshold;
    }

    // RFC 6928, section 2.
    static constexpr std::uint32_t initial_window(std::uint32_t mss) {
        const std::uint32_t most = 2 * mss > 14'600 ? 2 * mss : 14'600;
        return 10 * mss < most ? 10 * mss : most;
    }

  protected:
    ~CongestionControl() = default;
    std::uint32_t window_ = 0;
    std::uint32_t threshold_ = kNoThreshold;
};

}  // namespace holm::net::tcp
