// From the handshake on, what acknowledgments change.

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

}  // namespace holm::net::tcp
