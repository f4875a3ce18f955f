#include "services/filter/track/tcp_state.h"

#include <algorithm>

#include "services/filter/track/tcp_sequence.h"

namespace holm::filter {

namespace {

constexpr auto kSS = TcpState::kSynSent, kSR = TcpState::kSynReceived, kES = TcpState::kEstablished,
               kFW = TcpState::kFinWait, kCW = TcpState::kCloseWait, kLA = TcpState::kLastAck,
               kTW = TcpState::kTimeWait, kCL = TcpState::kClose, kS2 = TcpState::kSynSent2,
               kIV = TcpState::kInvalid, kIG = TcpState::kIgnore;

// [answering side][kind of segment][state before]: the state behind it.
constexpr TcpState kNext[2][6][10] = {
    {
        // none, SYN sent, SYN received, established, FIN wait, close wait, last ACK, time wait, close, SYN
        // sent 2
        {kSS, kSS, kIG, kIG, kIG, kIG, kIG, kSS, kSS, kS2},  // SYN
        {kIV, kIV, kSR, kIV, kIV, kIV, kIV, kIV, kIV, kSR},  // SYN and ACK
        {kIV, kIV, kFW, kFW, kLA, kLA, kLA, kTW, kCL, kIV},  // FIN
        {kES, kIV, kES, kES, kCW, kCW, kTW, kTW, kCL, kIV},  // ACK
        {kIV, kCL, kCL, kCL, kCL, kCL, kCL, kCL, kCL, kCL},  // RST
        {kIV, kIV, kIV, kIV, kIV, kIV, kIV, kIV, kIV, kIV},
    },
    {
        {kIV, kS2, kIV, kIV, kIV, kIV, kIV, kSS, kIV, kS2},
        {kIV, kSR, kIG, kIG, kIG, kIG, kIG, kIG, kIG, kSR},
        {kIV, kIV, kFW, kFW, kLA, kLA, kLA, kTW, kCL, kIV},
        {kIV, kIG, kSR, kES, kCW, kCW, kTW, kTW, kCL, kIG},
        {kIV, kCL, kCL, kCL, kCL, kCL, kCL, kCL, kCL, kCL},
        {kIV, kIV, kIV, kIV, kIV, kIV, kIV, kIV, kIV, kIV},
    },
};

constexpr std::uint8_t kMaximumRetransmissions = 3;
// For retransmissions, and data that nobody acknowledges.
constexpr Duration kDoubtful = Duration::seconds(300);

Duration timeout_of(TcpState state) {
    switch (state) {
        case TcpState::kSynSent:
        case TcpState::kSynSent2:
        case TcpState::kFinWait:
        case TcpState::kTimeWait:
            return Duration::seconds(120);
        case TcpState::kSynReceived:
        case TcpState::kCloseWait:
            return Duration::seconds(60);
        case TcpState::kEstablished:
            return Duration::seconds(432'000);
        case TcpState::kLastAck:
            return Duration::seconds(30);
        default:
            return Duration::seconds(10);
    }
}

}  // namespace

TcpTracker::Kind TcpTracker::kind_of(const TcpSegment& segment) {
    if (segment.rst()) return Kind::kRst;
    if (segment.syn()) return segment.ack() ? Kind::kSynAck : Kind::kSyn;
    if (segment.fin()) return Kind::kFin;
    return segment.ack() ? Kind::kAck : Kind::kNothing;
}

TcpState TcpTracker::next_state(bool reply, Kind kind, TcpState state) {
    return kNext[reply ? 1 : 0][std::size_t(kind)][std::size_t(state)];
}

bool TcpTracker::open(const TcpSegment& segment) {
    const TcpState first = next_state(false, kind_of(segment), TcpState::kNone);
    if (first != TcpState::kSynSent && first != TcpState::kEstablished) return false;
    *this = TcpTracker{};
    Side& side = sides_[0];
    side.end = segment.end;
    side.maximum_window = std::max<std::uint32_t>(segment.window, 1);
    side.maximum_end = segment.end;
    if (first == TcpState::kSynSent) {
        take_options(side, segment);
    } else {
        // In the middle of a connection: what was agreed on is unknown, so windows are not insisted on.
        side.maximum_end += side.maximum_window;
        for (Side& each : sides_) {
            each.sack_permitted = true;
            each.liberal = true;
        }
    }
    return true;
}

void TcpTracker::remember(const TcpSegment& segment, bool reply, Kind kind) {
    last_kind_ = kind;
    last_reply_ = reply;
    last_sequence_ = segment.sequence;
    last_end_ = segment.end;
    last_window_ = segment.window;
}

TcpTracker::Answer TcpTracker::receive(const TcpSegment& segment, bool reply, bool seen_reply, bool assured,
                                       bool liberal) {
    becomes_assured_ = false;
    const Kind kind = kind_of(segment);
    TcpState before_it = state_;
    TcpState next = next_state(reply, kind, before_it);
    Side& sender = sides_[reply ? 1 : 0];
    Side& receiver = sides_[reply ? 0 : 1];
    bool skip_window = false;

    if (next == TcpState::kSynSent && before_it >= TcpState::kTimeWait) {
        // RFC 9293, section 3.6.1: a SYN may reopen what lingers in TIME-WAIT, or was reset.
        if (sender.closed_first || receiver.closed_first ||
            (last_reply_ == reply && last_kind_ == Kind::kRst))
            return Answer::kReopened;
        next = TcpState::kIgnore;
    }
    if (next == TcpState::kIgnore) {
        if (kind == Kind::kSynAck && last_kind_ == Kind::kSyn && last_reply_ != reply &&
            segment.acknowledgment == last_end_) {
            // The answer to a SYN that was let through without being believed: both sides agree on it, so it
            // is the record here that was wrong.
            before_it = TcpState::kSynSent;
            next = TcpState::kSynReceived;
            Side& opener = sides_[last_reply_ ? 1 : 0];
            opener = Side{.end = last_end_,
                          .maximum_end = last_end_,
                          .maximum_window = std::max<std::uint32_t>(last_window_, 1),
                          .scale = last_scale_,
                          .has_scale = last_has_scale_,
                          .sack_permitted = last_sack_permitted_};
            sender = Side{.liberal = sender.liberal};
            challenge_expected_ = false;
        } else {
            remember(segment, reply, kind);
            if (kind == Kind::kSyn && !reply) {
                last_scale_ = segment.scale;
                last_has_scale_ = segment.has_scale;
                last_sack_permitted_ = segment.sack_permitted;
                // An established peer answers it with a challenge ACK (RFC 5961, section 4).
                challenge_expected_ = before_it == TcpState::kLastAck;
            }
            if (kind == Kind::kAck && reply && before_it == TcpState::kSynSent)
                last_acknowledgment_ = segment.acknowledgment;
            return Answer::kIgnored;
        }
    } else if (next == TcpState::kInvalid) {
        return Answer::kInvalid;
    } else if (next == TcpState::kTimeWait) {
        // RFC 5961: an established peer acknowledges where it is; that closes nothing.
        if (before_it == TcpState::kLastAck && kind == Kind::kAck && last_reply_ != reply &&
            last_kind_ == Kind::kSyn && challenge_expected_) {
            challenge_expected_ = false;
            return Answer::kIgnored;
        }
    } else if (next == TcpState::kSynSent2) {
        simultaneous_ = true;
    } else if (next == TcpState::kSynReceived) {
        if (reply && kind == Kind::kAck && simultaneous_) next = TcpState::kEstablished;
    } else if (next == TcpState::kClose && kind == Kind::kRst) {
        // What is closing may have given way to another connection already: any reset is believed.
        if (before_it == TcpState::kFinWait || before_it == TcpState::kLastAck ||
            before_it == TcpState::kTimeWait || before_it == TcpState::kClose ||
            before_it == TcpState::kCloseWait) {
            skip_window = true;
        } else {
            const bool established = before_it == TcpState::kEstablished && assured;
            bool sequence_known = false;
            // A SYN that was let through may have made what is known here out of date.
            if (receiver.has_ack && last_kind_ != Kind::kSyn) {
                if (segment.sequence == 0 && !established) {
                    sequence_known = true;  // the answer to such a SYN
                } else {
                    if (before(segment.sequence, receiver.maximum_ack)) return Answer::kInvalid;
                    // RFC 5961, section 3: what is not exactly the next byte may be a guess. The receiver
                    // will ask, and the connection stays until it is answered.
                    const bool exact = segment.sequence == receiver.maximum_ack;
                    const bool in_train =
                        last_kind_ == Kind::kAck && last_reply_ == reply && segment.sequence == last_end_;
                    sequence_known = !established || exact || in_train;
                    if (!sequence_known) next = before_it;
                }
            }
            if (!sequence_known) {
                // The answer to a SYN or an ACK that was let through without being believed, or to a
                // challenge.
                const bool answers_unbelieved =
                    ((seen_reply && last_kind_ == Kind::kSyn) || (!assured && last_kind_ == Kind::kAck)) &&
                    segment.acknowledgment == last_end_;
                const bool answers_challenge = before_it == TcpState::kSynSent && last_kind_ == Kind::kAck &&
                                               last_reply_ && segment.sequence == last_acknowledgment_;
                skip_window = answers_unbelieved || answers_challenge;
            }
        }
    }

    if (!skip_window) {
        switch (fits(segment, reply, kind, liberal)) {
            case Fit::kFits:
                break;
            case Fit::kIgnored:
                return Answer::kIgnored;
            case Fit::kOutside:
                return refuse(kind, reply, assured);
        }
    }
    last_kind_ = kind;
    last_reply_ = reply;
    state_ = next;
    if (before_it != next && next == TcpState::kFinWait) sender.closed_first = true;
    // Whose only answer is a reset never was a connection.
    if (!seen_reply && segment.rst()) return Answer::kClosed;
    becomes_assured_ = seen_reply && !assured && next == TcpState::kEstablished &&
                       (before_it == TcpState::kSynReceived || before_it == TcpState::kEstablished);
    set_timeout(segment, before_it, seen_reply);
    return Answer::kValid;
}

std::optional<Duration> TcpTracker::reset() {
    const bool over = state_ == TcpState::kClose;
    state_ = TcpState::kClose;
    if (over) return std::nullopt;
    return timeout_of(TcpState::kClose);
}

// The end of a connection that is out of step here should not make it stay for days: both sides have said
// that it is over, if not in the right place.
TcpTracker::Answer TcpTracker::refuse(Kind kind, bool reply, bool assured) {
    if (!assured || (kind != Kind::kRst && kind != Kind::kFin)) return Answer::kInvalid;
    if (last_reply_ != reply && (last_kind_ == Kind::kFin || last_kind_ == Kind::kRst))
        return Answer::kInvalidEnd;
    last_kind_ = kind;
    last_reply_ = reply;
    return Answer::kInvalid;
}

void TcpTracker::set_timeout(const TcpSegment& segment, TcpState before_it, bool seen_reply) {
    const Duration usual = timeout_of(state_);
    const bool waiting = sides_[0].unacknowledged || sides_[1].unacknowledged;
    timeout_ = usual;
    if (usual > kDoubtful && retransmissions_ >= kMaximumRetransmissions)
        timeout_ = kDoubtful;
    else if (segment.rst())
        timeout_ = timeout_of(TcpState::kClose);
    else if (usual > kDoubtful && (waiting || last_window_ == 0))
        timeout_ = kDoubtful;
    if (seen_reply) return;
    // A SYN that is sent again does not keep a flow alive; what was picked up has to be answered soon.
    if (kind_of(segment) == Kind::kSyn && before_it == TcpState::kSynSent) timeout_ = Duration{};
    if (state_ == TcpState::kEstablished && timeout_ > kDoubtful) timeout_ = kDoubtful;
}

}  // namespace holm::filter
