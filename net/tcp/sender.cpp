#include "net/tcp/sender.h"

#include <algorithm>

namespace holm::net::tcp {

void Sender::start(Seq initial) {
    una_ = next_ = highest_ = window_sequence_ = window_ack_ = initial;
    data_begin_ = small_end_ = initial + 1;
}

void Sender::syn_sent(Instant now, bool again) {
    next_ = highest_ = una_ + 1;
    if (again) {
        syn_lost_ = true;
        timed_at_ = Instant::never();  // Karn: no telling which SYN is answered
        if (unanswered_.is_never()) unanswered_ = now;
    } else {
        timed_at_ = unanswered_ = now;
        timed_end_ = next_;
    }
    last_sent_ = now;
    set_timer(Timer::kRetransmit, now + rtt_.timeout());
}

void Sender::establish(Instant now, std::uint32_t mss, bool sack) {
    if (!timed_at_.is_never()) rtt_.sample(now - timed_at_);
    if (syn_lost_) rtt_.after_lost_syn();
    una_ = window_ack_ = data_begin_;
    if (next_ < una_) next_ = una_;
    if (highest_ < next_) highest_ = next_;
    small_end_ = una_;
    mss_ = mss;
    timed_at_ = unanswered_ = Instant::never();
    set_timer(Timer::kNone, Instant::never());
    sack_ = sack;
    rack_.start(una_);
    congestion_->start(mss, syn_lost_);
}

void Sender::set_mss(std::uint32_t mss) {
    mss_ = mss;
    congestion_->set_mss(mss);
}

// --- acknowledgments
// ----------------------------------------------------------------------------------------------

void Sender::set_peer_window(Seq sequence, Seq ack, std::uint32_t window) {
    window_ = window;
    largest_window_ = std::max(largest_window_, window);
    window_sequence_ = sequence;
    window_ack_ = ack;
}

void Sender::measure(const Arrival& arrival) {
    if (!timed_at_.is_never() && arrival.ack >= timed_end_) {
        rtt_.sample(arrival.now - timed_at_);
        timed_at_ = Instant::never();
    } else if (timed_at_.is_never() && !arrival.echo.is_never() &&
               arrival.echo + Duration::milliseconds(1) >= retransmitted_at_) {
        // After retransmissions only the timestamp tells which transmission is being acknowledged (RFC 7323,
        // section 4). An echo from before the last one proves nothing: the peer echoes none of the segments
        // that waited behind a gap, and one such "round trip" of minutes would make the next timeout as long.
        rtt_.sample(arrival.now - arrival.echo);
    } else {
        rtt_.restore();
    }
}

void Sender::drop_acknowledged(Seq ack) {
    const Seq data_acked = earlier(ack, data_end());
    if (data_acked > data_begin_) {
        buffer_.drop_front(distance(data_begin_, data_acked), *pool_);
        data_begin_ = data_acked;
    }
    if (finishing_ && ack > data_end()) fin_sent_ = fin_acknowledged_ = true;
    una_ = ack;
    if (next_ < una_) next_ = una_;  // a window probe was accepted
    if (small_end_ < una_) small_end_ = una_;
}

bool Sender::acknowledge(const Arrival& arrival) {
    const Seq old_una = una_;
    const std::uint32_t old_window = window_;
    // RFC 9293, section 3.10.7.4: segments that are older than the last window update do not update it.
    if (arrival.ack >= una_ && (window_sequence_ < arrival.sequence ||
                                (window_sequence_ == arrival.sequence && window_ack_ <= arrival.ack)))
        set_peer_window(arrival.sequence, arrival.ack, arrival.window);

    Acknowledgment ack{.now = arrival.now,
                       .number = arrival.ack,
                       .blocks = arrival.sack,
                       .echo = arrival.echo,
                       .congestion_echo = arrival.congestion_echo};
    if (arrival.ack > una_) {
        ack.acked = distance(una_, arrival.ack);
        // Slow start must not grow a window that is not being used (RFC 9293 leaves it open; RFC 7661 says
        // why).
        const std::uint32_t in_use =
            congestion_->in_slow_start() ? 2 * flight_before_ : flight_before_ + mss_;
        ack.window_limited = in_use >= congestion_->window();
        measure(arrival);
        drop_acknowledged(arrival.ack);
        unanswered_ = Instant::never();
        tail_probe_due_ = false;
        // RFC 6298, section 5.2 and 5.3.
        if (all_acknowledged())
            set_timer(Timer::kNone, Instant::never());
        else
            set_timer(Timer::kRetransmit, arrival.now + rtt_.timeout());
    } else if (arrival.ack == una_ && !all_acknowledged()) {
        ack.duplicate = arrival.bare && window_ == old_window;
    }
    ack.flight = flight();
    ack.smoothed = rtt_.smoothed();
    ack.may_send_new = next_ < data_end() && usable_window() > 0;
    if (recovery_) {
        recovery_->on_acknowledgment(ack, *congestion_);
        arm_early(arrival.now);
        if (una_ != old_una && all_acknowledged() && recovery_->rest()) recovery_.end(*pool_);
    }

    if (window_ == 0)
        unanswered_ = Instant::never();  // the peer lives (MUST-37): a closed window may stay closed
    if (timer_ == Timer::kPersist && (window_ > old_window || all_acknowledged())) {
        // The window has moved: next() decides anew whether there is something to wait for.
        if (usable_window() > 0) set_timer(Timer::kNone, Instant::never()), probes_ = 0;
        unanswered_ = Instant::never();
        window_probe_due_ = false;
    }
    return una_ != old_una;
}

// --- transmissions
// ------------------------------------------------------------------------------------------------

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

// --- pacing
// -----------------------------------------------------------------------------------------------------------

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

void Sender::resend(Instant now) {
    if (all_acknowledged()) return;
    recovery_->on_timeout(now, flight(), rtt_.smoothed(), *congestion_);
    early_ = Instant::never();
    set_timer(Timer::kRetransmit, now + rtt_.timeout());
}

// --- timers
// ---------------------------------------------------------------------------------------------------------

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
