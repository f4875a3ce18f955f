// When the sender must be looked at again without an acknowledgment.

#include <algorithm>

#include "net/tcp/sender.h"

namespace holm::net::tcp {

// What may happen before the retransmission timer: RACK's reordering timer, or else a tail loss probe
// (RFC 8985, section 7.2).
void Sender::arm_early(Instant now) {
    early_ = recovery_->reordering_deadline();
    early_timer_ = EarlyTimer::kReordering;
    if (!early_.is_never() || !recovery_->wants_probe() || timer_ != Timer::kRetransmit) return;
    early_timer_ = EarlyTimer::kTailProbe;
    const bool single = distance(una_, next_) <= mss_;
    early_ = now + LossProbe::timeout(rtt_.smoothed(), single, rtt_.timeout());
    if (early_ < deadline_) return;
    // In recovery the retransmission timer has something better to do.
    early_ = recovery_->idle() ? deadline_ : Instant::never();
}

void Sender::resend(Instant now) {
    if (all_acknowledged()) return;
    recovery_->on_timeout(now, flight(), rtt_.smoothed(), *congestion_);
    early_ = Instant::never();
    set_timer(Timer::kRetransmit, now + rtt_.timeout());
}

bool Sender::on_deadline(Instant now, Duration patience) {
    if (!unanswered_.is_never() && now - unanswered_ >= patience) return false;
    if (now >= paced_) {
        paced_ = Instant::never();
        if (now < std::min(early_, deadline_)) return true;
    }
    if (now >= early_) {
        early_ = Instant::never();
        if (early_timer_ == EarlyTimer::kTailProbe) {
            tail_probe_due_ = true;
            return true;
        }
        recovery_->on_reordering_deadline(now, flight(), rtt_.smoothed(), *congestion_);
        arm_early(now);
        if (now < deadline_) return true;
    }
    if (timer_ == Timer::kPersist) {
        // SHLD-30: probes grow rarer exponentially, up to the bound of the retransmission timeout.
        window_probe_due_ = true;
        Duration interval = rtt_.timeout();
        probes_ = std::uint8_t(std::min<int>(probes_ + 1, 16));
        for (int i = 0; i < probes_ && interval < Duration::seconds(60); ++i) interval = interval * 2;
        set_timer(Timer::kPersist, now + std::min(interval, Duration::seconds(60)));
        return true;
    }
    if (unanswered_.is_never()) unanswered_ = timed_at_.is_never() ? now : timed_at_;
    rtt_.back_off();
    timed_at_ = Instant::never();
    if (una_ >= data_begin_)
        recovery_->on_timeout(now, flight(), rtt_.smoothed(), *congestion_);  // else the SYN is what was lost
    early_ = Instant::never();
    tail_probe_due_ = false;
    set_timer(Timer::kRetransmit, now + rtt_.timeout());
    return true;
}

}  // namespace holm::net::tcp
