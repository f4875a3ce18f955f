// What is sent next, how it is spread over a round trip, and what is remembered of it.

#include <algorithm>

#include "net/tcp/sender.h"

namespace holm::net::tcp {

std::uint32_t Sender::usable_window() const {
    const Seq edge = una_ + window_;
    return edge > next_ ? distance(next_, edge) : 0;
}

Transmission Sender::retransmission(SeqRange range, Transmission::Kind kind) const {
    const Seq end = earlier(range.end, data_end());
    return {.sequence = range.begin,
            .length = distance(range.begin, end),
            .fin = range.end > data_end(),
            .push = end == data_end(),
            .kind = kind,
            .again = true};
}

// At least one byte beyond a closed window (RFC 9293, section 3.8.6.1), or what fits into one that stays
// small (the override timeout of section 3.8.6.2.1). What does not fit is not counted as sent: the peer may
// refuse it.
Transmission Sender::window_probe() const {
    const std::uint32_t unsent = distance(next_, data_end());
    const std::uint32_t length = std::min({unsent, mss_, std::max(usable_window(), 1U)});
    return {.sequence = next_,
            .length = length,
            .fin = finishing_ && length == unsent && (length == 0 || length < usable_window()),
            .push = true,
            .kind = Transmission::Kind::kWindowProbe};
}

// Whether a segment that is not full may go (RFC 9293, section 3.8.6.2.1, and Nagle in Minshall's form: one
// segment that is not full may be outstanding, so that the tail of a long write does not wait).
bool Sender::may_send_partial(std::uint32_t length, std::uint32_t usable) const {
    const std::uint32_t unsent = distance(next_, data_end());
    if (length == unsent) return no_delay_ || finishing_ || small_end_ <= una_;
    // A part of the data, because the window is small: only if it is half of the largest window there was.
    return length == usable && all_acknowledged() && length >= largest_window_ / 2 && length > 0;
}

Transmission Sender::new_data(std::uint32_t allowance, std::uint32_t burst) const {
    Transmission transmission{.sequence = next_};
    if (fin_sent_) return transmission;
    const std::uint32_t unsent = distance(next_, data_end());
    const std::uint32_t usable = usable_window();
    std::uint32_t length = std::min({unsent, usable, allowance, burst});
    // A last part that is shorter than a segment goes along only if it may also go alone.
    if (const std::uint32_t rest = length % mss_; rest != 0) {
        if (!may_send_partial(length, usable) || (length > mss_ && length < unsent)) length -= rest;
    }
    transmission.length = length;
    transmission.push = length == unsent;
    // The FIN does not wait for the congestion window, but it takes a place in the peer's.
    transmission.fin = finishing_ && length == unsent && usable > length;
    return transmission;
}

bool Sender::waits_for_window() const {
    return all_acknowledged() && !fin_sent_ && (next_ < data_end() || finishing_);
}

Transmission Sender::lost_data(std::uint32_t allowance, std::uint32_t burst) {
    const SeqRange lost = recovery_->next_retransmission(flight(), allowance, burst);
    return lost.empty() ? Transmission{.sequence = next_}
                        : retransmission(lost, Transmission::Kind::kRetransmission);
}

// RFC 8985, section 7.3: new data if the peer takes some, whatever the congestion window says, otherwise the
// last segment again.
Transmission Sender::tail_probe() {
    Transmission probe = new_data(mss_, mss_);
    if (probe.empty()) {
        const SeqRange last = recovery_->tail(mss_);
        if (last.empty()) return probe;
        probe = retransmission(last, Transmission::Kind::kTailProbe);
    }
    probe.kind = Transmission::Kind::kTailProbe;
    return probe;
}

Transmission Sender::path_probe(Instant now, std::uint32_t length) const {
    Transmission probe{.sequence = next_, .kind = Transmission::Kind::kPathProbe};
    if (!nothing_lost() || window_probe_due_ || tail_probe_due_ || fin_sent_ || all_acknowledged())
        return probe;
    if (is_paced() && pace_ > now) return probe;
    const std::uint32_t unsent = distance(next_, data_end());
    const std::uint32_t allowance = recovery_->allowance(flight(), congestion_->window());
    if (unsent >= length + 3 * mss_ && std::min(usable_window(), allowance) >= length) probe.length = length;
    return probe;
}

// On a path of microseconds the acknowledgments pace well enough, and timers cost more than they gain.
bool Sender::is_paced() const {
    constexpr Duration kShortPath = Duration::milliseconds(2);
    // By the least round trip of late: delayed acknowledgments, 40 ms each, make the smoothed one of a small
    // window long on any path.
    return pacing_ && std::min(rtt_.smoothed(), rack_.minimum_rtt()) >= kShortPath;
}

// Bytes a second: a window and a fifth in each round trip, two while slow start doubles it.
std::uint64_t Sender::pacing_rate() const {
    const std::uint64_t round_trip =
        std::max<std::uint64_t>(std::uint64_t(rtt_.smoothed().as_microseconds()), 1);
    const std::uint64_t tenths = congestion_->window() < congestion_->threshold() / 2 ? 20 : 12;
    return std::max<std::uint64_t>(congestion_->window() * tenths * 100'000 / round_trip, mss_);
}

Duration Sender::pacing_time(std::uint32_t bytes) const {
    return Duration::nanoseconds(std::int64_t(std::uint64_t{bytes} * 1'000'000'000 / pacing_rate()));
}

// What may leave together: a millisecond's worth, but not less than two segments.
std::uint32_t Sender::pacing_burst() const {
    return std::uint32_t(std::clamp<std::uint64_t>(pacing_rate() / 1000, 2 * mss_, 65'535));
}

Transmission Sender::next(Instant now, std::uint32_t burst) {
    paced_ = Instant::never();
    // Most calls end here: everything was sent, and nothing seems lost.
    if (next_ == data_end() && (!finishing_ || fin_sent_) && !window_probe_due_ && !tail_probe_due_ &&
        nothing_lost())
        return {.sequence = next_};
    if (!recovery_ && !recovery_.begin(*pool_, rack_, una_, sack_)) {
        // What waits goes on waiting; others will give memory back.
        constexpr Duration kTryAgain = Duration::milliseconds(100);
        paced_ = now + kTryAgain;
        return {.sequence = next_};
    }
    if (window_probe_due_) return window_probe();
    if (tail_probe_due_) {
        if (const Transmission probe = tail_probe(); !probe.empty()) return probe;
        tail_probe_due_ = false;
    }
    // RFC 5681, section 4.1.
    if (all_acknowledged() && now - last_sent_ > rtt_.timeout()) congestion_->on_idle(now);
    if (is_paced()) {
        if (pace_ > now && (next_ < data_end() || !recovery_->idle())) {
            paced_ = pace_;
            return {.sequence = next_};
        }
        burst = std::min(burst, std::max(pacing_burst() / mss_ * mss_, mss_));
    }
    const std::uint32_t allowance = recovery_->allowance(flight(), congestion_->window());
    const bool may_be_lost = !recovery_->idle();
    if (may_be_lost && !recovery_->prefers_new_data()) {
        if (const Transmission lost = lost_data(allowance, burst); !lost.empty()) return lost;
    }
    const Transmission transmission = new_data(allowance, burst);
    if (!transmission.empty()) return transmission;
    if (may_be_lost && recovery_->prefers_new_data()) {
        recovery_->on_nothing_new(flight());
        if (!recovery_->prefers_new_data()) return lost_data(allowance, burst);
    }
    if (timer_ == Timer::kNone && waits_for_window()) set_timer(Timer::kPersist, now + rtt_.timeout());
    return transmission;
}

void Sender::sent(Instant now, const Transmission& transmission) {
    using Kind = Transmission::Kind;
    if (is_paced()) {
        // A connection that was silent may begin with an initial window, as it could when it was new.
        const std::uint32_t credit =
            all_acknowledged() ? CongestionControl::initial_window(mss_) : pacing_burst();
        if (now != last_sent_) pace_ = std::max(pace_, now - pacing_time(credit));
        pace_ = pace_ + pacing_time(transmission.length);
    }
    last_sent_ = now;
    const SeqRange range{transmission.sequence, transmission.end()};
    if (transmission.again) {
        ++retransmissions_;
        retransmitted_at_ = now;
        recovery_->on_retransmitted(now, range);
        if (transmission.sequence < timed_end_) timed_at_ = Instant::never();  // Karn
    }
    if (transmission.kind == Kind::kTailProbe) {
        recovery_->on_probe_sent(transmission.again ? next_ : range.end, transmission.again);
        set_timer(Timer::kRetransmit, now + rtt_.timeout());
        early_ = Instant::never();
        tail_probe_due_ = false;
    }
    if (transmission.again) {
        // What is waited for now is this transmission of the first segment.
        if (timer_ != Timer::kRetransmit || transmission.sequence == una_)
            set_timer(Timer::kRetransmit, now + rtt_.timeout());
        if (transmission.kind == Kind::kRetransmission) arm_early(now);
        return;
    }
    if (transmission.kind == Kind::kWindowProbe) {
        window_probe_due_ = false;
        highest_ = later(highest_, transmission.end());
        if (usable_window() < distance(transmission.sequence, transmission.end())) {
            if (unanswered_.is_never()) unanswered_ = now;
            return;
        }
        probes_ = 0;
    }
    recovery_->on_sent(now, range);
    next_ = transmission.end();
    highest_ = later(highest_, next_);
    if (transmission.fin) fin_sent_ = true;
    if (transmission.length % mss_ != 0) small_end_ = next_;
    flight_before_ = distance(una_, next_);
    if (timed_at_.is_never() && recovery_->idle()) {
        timed_at_ = now;
        timed_end_ = next_;
    }
    if (timer_ != Timer::kRetransmit) set_timer(Timer::kRetransmit, now + rtt_.timeout());
    if (transmission.kind == Kind::kNew) arm_early(now);
}

}  // namespace holm::net::tcp
