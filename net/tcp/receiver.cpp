#include "net/tcp/receiver.h"

#include <algorithm>

namespace holm::net::tcp {

Receiver::Receiver(std::uint32_t limit, std::uint32_t most, ChunkPool& pool)
    : pool_(&pool),
      limit_(std::clamp(limit, kMinimumLimit, kMaximumLimit)),
      most_(std::clamp(most, limit_, kMaximumLimit)) {}

void Receiver::start(Seq next) {
    next_ = edge_ = last_ack_sent_ = round_begin_ = next;
    unacknowledged_ = 0;
}

std::uint8_t Receiver::wanted_scale() const {
    std::uint8_t scale = 0;
    while (scale < kMaxWindowScale && (most_ >> scale) > 0xffff) ++scale;
    return scale;
}

bool Receiver::acceptable(Seq sequence, std::uint32_t length) const {
    const std::uint32_t window = this->window();
    if (window == 0) return length == 0 && sequence == next_;
    const auto within = [&](Seq seq) { return next_ <= seq && seq < edge_; };
    return within(sequence) || (length > 0 && within(sequence + (length - 1)));
}

Receiver::Taken Receiver::take(const Text& text, Duration acknowledgment_delay) {
    Seq sequence = text.sequence;
    Bytes payload = text.payload;
    bool fin = text.fin;
    if (payload.empty() && !fin) return {};
    if (sequence < next_) {  // what we have already
        const std::uint32_t known = std::min(distance(sequence, next_), std::uint32_t(payload.size()));
        if (known > 0) sacks_.add_duplicate({sequence, sequence + known});
        acknowledge_now();
        payload = payload.subspan(known);
        sequence += known;
        if (sequence < next_) return {};  // the FIN too
    }
    // What lies beyond the window, or beyond a FIN that we have seen, is cut off. A FIN that does not fit is
    // sent again.
    const Seq edge = fin_seen_ ? earlier(edge_, fin_sequence_) : edge_;
    if (const Seq end = sequence + std::uint32_t(payload.size()); end > edge) {
        payload = payload.first(sequence < edge ? distance(sequence, edge) : 0);
        fin = false;
        acknowledge_now();
    }
    const bool had_gap = buffer_.has_ahead();
    const Seq before = next_;
    if (fin && !fin_seen_) {
        fin_seen_ = true;
        fin_sequence_ = sequence + std::uint32_t(payload.size());
    }
    if (!payload.empty()) {
        next_ = buffer_.insert(next_, sequence, payload, text.owner, bound(), *pool_);
        if (buffer_.take_reneged()) sacks_.forget();
        if (sequence != before) {
            // RFC 5681, section 4.2: out of order is acknowledged at once; so is what fills a gap.
            if (const SeqRange run = buffer_.run_around(sequence); !run.empty()) sacks_.add(run);
            acknowledge_now();
            quick_ = std::max(quick_, kQuickAfterGap);
        } else {
            schedule_acknowledgment(text, acknowledgment_delay);
            if (had_gap) acknowledge_now();
        }
    }
    Taken taken{.readable = next_ != before};
    if (taken.readable && had_gap) sacks_.advance(next_);
    if (fin_seen_ && !finished_ && next_ == fin_sequence_) {
        next_ += 1;
        finished_ = taken.finished = true;
    }
    if (fin) acknowledge_now();
    return taken;
}

// RFC 9293, section 3.8.6.3: an ACK at least for every second full segment, and within half a second; ours is
// a twelfth of it.
void Receiver::schedule_acknowledgment(const Text& text, Duration delay) {
    const std::size_t segment = text.segment_size != 0 ? text.segment_size : text.payload.size();
    segment_estimate_ = std::uint16_t(std::clamp<std::size_t>(segment, segment_estimate_, 9000));
    unacknowledged_ += std::uint32_t(text.payload.size());
    if (quick_ > 0) {
        --quick_;
        ack_ = Ack::kNow;
    } else if (unacknowledged_ >= 2U * segment_estimate_) {
        ack_ = Ack::kNow;
    } else if (ack_ == Ack::kNone) {
        ack_ = Ack::kDelayed;
        ack_deadline_ = text.now + delay;
    }
}

Seq Receiver::wanted_edge() const {
    const std::size_t used = std::min<std::size_t>(buffer_.ready(), limit_);
    // What the window field cannot say is not promised, so it is not accepted either.
    return next_ + std::min(limit_ - std::uint32_t(used), 0xffffU << scale_);
}

// Receiver's silly window avoidance (RFC 9293, section 3.8.6.2.2): the right edge moves by a segment or half
// the buffer.
std::uint16_t Receiver::announce_window(bool syn) {
    const Seq wanted = wanted_edge();
    const std::uint32_t step = std::min<std::uint32_t>(limit_ / 2, segment_estimate_);
    if (wanted > edge_ && distance(edge_, wanted) >= step) edge_ = wanted;
    const std::uint8_t shift = syn ? 0 : scale_;
    // Rounded up: rounding down would take back up to 2^shift - 1 bytes that were announced before.
    const std::uint32_t units = std::min<std::uint32_t>((window() + (1U << shift) - 1) >> shift, 0xffff);
    if (syn) {
        edge_ = next_ + units;
    } else {
        edge_ = later(edge_, next_ + (units << shift));
    }
    return std::uint16_t(units);
}

bool Receiver::consume(std::size_t bytes) {
    buffer_.consume(bytes, *pool_);
    if (finished_) return false;
    const Seq wanted = wanted_edge();
    if (wanted <= edge_ ||
        distance(edge_, wanted) < std::min<std::uint32_t>(limit_ / 2, 2U * segment_estimate_))
        return false;
    // A window that is still wide open needs no news of its own: the next acknowledgment carries it.
    if (window() > limit_ / 2) return false;
    acknowledge_now();
    return true;
}

void Receiver::set_limit(std::uint32_t limit) {
    limit_ = most_ = std::clamp(limit, kMinimumLimit, kMaximumLimit);
}

// A window of twice what the service takes in a round trip keeps the path full while the peer's window
// doubles ("dynamic right-sizing", Fisk and Feng 2001). Under memory pressure nothing grows.
void Receiver::tune(Instant now, Duration round_trip) {
    if (limit_ >= most_) return;
    if (round_trip != Duration())
        round_trip_ = round_trip_ == Duration() ? round_trip : std::min(round_trip, round_trip_ * 2);
    const Seq taken = next_ - std::uint32_t(buffer_.ready());
    if (round_at_ == Instant()) round_at_ = now;
    if (round_trip_ == Duration()) {
        // Without timestamps: the time in which a window's worth arrives is no shorter than a round trip.
        if (distance(round_begin_, next_) < limit_) return;
        round_trip_ = std::max(now - round_at_, Duration::microseconds(1));
    } else if (now - round_at_ < round_trip_) {
        return;
    }
    const std::uint32_t bytes = distance(round_begin_, taken);
    if (bytes > tuned_ && bytes <= kMaximumLimit / 2) {
        tuned_ = bytes;
        if (pool_->has_room(bytes)) limit_ = std::clamp(2 * bytes, limit_, most_);
    }
    round_begin_ = taken;
    round_at_ = now;
}

}  // namespace holm::net::tcp
