#include "net/tcp/new_reno.h"

#include <algorithm>

namespace holm::net::tcp {

// RFC 6928, section 2.
std::uint32_t NewReno::initial_window() const {
    return std::min(10 * mss_, std::max(2 * mss_, 14600U));
}

void NewReno::start(std::uint32_t mss, bool syn_lost) {
    mss_ = mss;
    window_ = syn_lost ? mss_ : initial_window();
    threshold_ = kNoThreshold;
}

void NewReno::on_acknowledged(Instant, std::uint32_t bytes) {
    if (in_slow_start()) {
        // RFC 5681 grows by at most one SMSS an ACK; a receiver that coalesces segments sends so few ACKs
        // that we count bytes instead, as RFC 9406 (section 4.2) allows: the window at most doubles in a
        // round trip.
        window_ = std::min(window_ + bytes, threshold_);
        return;
    }
    acknowledged_ += bytes;
    if (acknowledged_ < window_) return;
    acknowledged_ -= window_;
    window_ = std::min(window_ + mss_, kNoThreshold);
}

void NewReno::on_congestion(Instant, std::uint32_t flight) {
    threshold_ = std::max(flight / 2, 2 * mss_);
    window_ = threshold_;
    acknowledged_ = 0;
}

// RFC 6582, section 3.2, step 3, full acknowledgment, option 1: no burst from a window that is nearly empty.
void NewReno::on_recovered(Instant, std::uint32_t flight) {
    window_ = std::min(threshold_, std::max(flight, mss_) + mss_);
}

void NewReno::on_timeout(Instant, std::uint32_t flight, bool first) {
    // RFC 5681, section 3.1: a segment that is retransmitted again does not lower the threshold again.
    if (first) threshold_ = std::max(flight / 2, 2 * mss_);
    window_ = mss_;
    acknowledged_ = 0;
}

void NewReno::on_idle() {
    window_ = std::min(window_, initial_window());
}

}  // namespace holm::net::tcp
