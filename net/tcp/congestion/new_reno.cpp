#include "net/tcp/congestion/new_reno.h"

#include <algorithm>

namespace holm::net::tcp {

void NewReno::start(std::uint32_t mss, bool syn_lost) {
    mss_ = mss;
    window_ = syn_lost ? mss_ : initial_window(mss_);
    threshold_ = kNoThreshold;
    slow_start_.restart();
}

void NewReno::on_acknowledged(const Progress& progress) {
    if (in_slow_start()) {
        const SlowStart::Growth growth = slow_start_.grow(progress, threshold_ == kNoThreshold);
        if (progress.window_limited) window_ = std::min(window_ + growth.bytes, threshold_);
        if (growth.done) threshold_ = window_;
        return;
    }
    if (!progress.window_limited) return;
    acknowledged_ += progress.bytes;
    if (acknowledged_ < window_) return;
    acknowledged_ -= window_;
    window_ = std::min(window_ + mss_, kNoThreshold);
}

void NewReno::on_congestion(Instant, std::uint32_t flight) {
    // What limited transmit has sent does not count (RFC 5681, section 3.2, step 2).
    threshold_ = std::max(std::min(flight, window_) / 2, 2 * mss_);
    window_ = threshold_;
    acknowledged_ = 0;
}

void NewReno::on_timeout(Instant, std::uint32_t flight, bool first) {
    // RFC 5681, section 3.1: a segment that is retransmitted again does not lower the threshold again.
    if (first) threshold_ = std::max(flight / 2, 2 * mss_);
    window_ = mss_;
    acknowledged_ = 0;
}

void NewReno::on_idle(Instant) {
    window_ = std::min(window_, initial_window(mss_));
}

void NewReno::undo(const CongestionBefore& before) {
    window_ = std::max(window_, before.window);
    threshold_ = std::max(threshold_, before.threshold);
}

}  // namespace holm::net::tcp
