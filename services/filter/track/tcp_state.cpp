#include "services/filter/track/tcp_state.h"

#include <algorithm>

namespace holm::filter {

namespace {

bool before(std::uint32_t a, std::uint32_t b) {
    return std::int32_t(a - b) < 0;
}
bool after(std::uint32_t a, std::uint32_t b) {
    return before(b, a);
}

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

constexpr std::uint32_t kAckWindow = 66'000;  // how far back an acknowledgment may be, at least
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

// Which combinations of FIN, SYN, RST, ACK and URG are ever sent; the others of the eight flags do not
// matter.
bool plausible(std::uint8_t flags) {
    switch (flags & 0x37) {
        case 0x02:         // SYN
        case 0x02 | 0x20:  // with URG
        case 0x02 | 0x10:
        case 0x04:
        case 0x04 | 0x10:
        case 0x01 | 0x10:
        case 0x01 | 0x10 | 0x20:
        case 0x10:
        case 0x10 | 0x20:
            return true;
        default:
            return false;
    }
}

}  // namespace

std::optional<TcpSegment> TcpSegment::parse(const packet::Packet& packet) {
    const Bytes bytes = packet.transport();
    if (!packet.has_transport() || bytes.size() < 20) return std::nullopt;
    const auto u8 = [&](std::size_t at) { return std::uint32_t(bytes[at]); };
    const auto u32 = [&](std::size_t at) {
        return u8(at) << 24 | u8(at + 1) << 16 | u8(at + 2) << 8 | u8(at + 3);
    };
    const std::size_t header = std::size_t(bytes[12]) >> 4U << 2U;
    if (header < 20 || header > bytes.size()) return std::nullopt;
    TcpSegment segment;
    segment.sequence = u32(4);
    segment.acknowledgment = segment.sack = u32(8);
    segment.flags = std::uint8_t(bytes[13]);
    segment.window = std::uint16_t(u8(14) << 8 | u8(15));
    if (!plausible(segment.flags)) return std::nullopt;
    segment.end = segment.sequence + std::uint32_t(bytes.size() - header) + (segment.syn() ? 1 : 0) +
                  (segment.fin() ? 1 : 0);
    segment.has_options = header > 20;
    for (std::size_t at = 20; at < header;) {
        const std::uint32_t kind = u8(at);
        if (kind == 0) break;
        if (kind == 1) {
            ++at;
            continue;
        }
        if (at + 1 >= header) break;
        const std::size_t size = u8(at + 1);
        if (size < 2 || at + size > header) break;
        if (kind == 3 && size == 3) {  // window scale (RFC 7323)
            segment.has_scale = true;
            segment.scale = std::uint8_t(std::min<std::uint32_t>(u8(at + 2), 14));
        } else if (kind == 4 && size == 2) {
            segment.sack_permitted = true;
        } else if (kind == 5 && size >= 10 && (size - 2) % 8 == 0) {
            for (std::size_t block = at + 2; block < at + size; block += 8)
                if (after(u32(block + 4), segment.sack)) segment.sack = u32(block + 4);
        }
        at += size;
    }
    return segment;
}

TcpTracker::Kind TcpTracker::kind_of(const TcpSegment& segment) {
    if (segment.rst()) return Kind::kRst;
    if (segment.syn()) return segment.ack() ? Kind::kSynAck : Kind::kSyn;
    if (segment.fin()) return Kind::kFin;
    return segment.ack() ? Kind::kAck : Kind::kNothing;
}

TcpState TcpTracker::next_state(bool reply, Kind kind, TcpState state) {
    return kNext[reply ? 1 : 0][std::size_t(kind)][std::size_t(state)];
}

void TcpTracker::take_options(Side& side, const TcpSegment& segment) {
    if (!segment.has_options) return;
    side.scale = segment.scale;
    side.has_scale = segment.has_scale;
    side.sack_permitted = segment.sack_permitted;
    side.unacknowledged = false;
    side.has_ack = false;
    side.closed_first = false;
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

TcpTracker::Fit TcpTracker::fits(const TcpSegment& segment, bool reply, Kind kind, bool liberal) {
    Side& sender = sides_[reply ? 1 : 0];
    Side& receiver = sides_[reply ? 0 : 1];
    std::uint32_t sequence = segment.sequence, ack = segment.acknowledgment, end = segment.end;
    std::uint32_t sack = receiver.sack_permitted ? segment.sack : ack;
    std::uint32_t window = segment.window;
    const auto begin = [&] {
        sender.end = sender.maximum_end = end;
        sender.maximum_window = std::max<std::uint32_t>(window, 1);
        take_options(sender, segment);
        // Both sides send the option, or neither scales (RFC 7323, section 2.2).
        if (reply && !(sender.has_scale && receiver.has_scale)) sender.scale = receiver.scale = 0;
    };
    if (sender.maximum_window == 0) {
        if (segment.syn()) {
            begin();
            if (!segment.ack()) return Fit::kFits;  // both sides open
        } else {
            sender.end = end;
            sender.maximum_window = std::max<std::uint32_t>(window << sender.scale, 1);
            sender.maximum_end = end + sender.maximum_window;
            if (receiver.maximum_window == 0) {
                // Nothing has been heard of the other side: what is acknowledged it has sent.
                receiver.end = receiver.maximum_end = sack;
            } else if (sack == receiver.end + 1) {
                // Probably a keep-alive of a connection that was picked up.
                receiver.end += 1;
            }
        }
    } else if (segment.syn() && after(end, sender.end) &&
               (state_ == TcpState::kSynSent || state_ == TcpState::kSynReceived)) {
        // The side begins again, with higher sequence numbers.
        begin();
        if (reply && !segment.ack()) return Fit::kFits;
    }
    if (!segment.ack() || (segment.rst() && ack == 0)) ack = sack = receiver.end;
    if (segment.rst() && sequence == 0 && state_ == TcpState::kSynSent) sequence = end = sender.end;

    const std::uint32_t ack_window = std::max(sender.maximum_window, kAckWindow);
    const bool ack_recent = after(sack, receiver.end - ack_window - 1);
    const bool ack_known = before(sack, receiver.end + 1);
    const auto unless_liberal = [&](Fit fit) { return sender.liberal || liberal ? Fit::kFits : fit; };
    if (!before(sequence, sender.maximum_end + 1)) {
        // Beyond the window. A sender that overshoots a little is believed as to how much it has sent, so
        // that the acknowledgment of it does not look like one of nothing.
        const std::uint32_t overshot = end - sender.maximum_end + 1;
        const bool in_window =
            receiver.maximum_window != 0 && after(end, sender.end - receiver.maximum_window - 1);
        if (in_window && ack_recent && ack_known && overshot <= receiver.maximum_window) {
            sender.end = end;
            sender.unacknowledged = true;
            return unless_liberal(Fit::kIgnored);
        }
        return unless_liberal(Fit::kOutside);
    }
    if (!ack_known) return unless_liberal(Fit::kOutside);
    if (receiver.maximum_window != 0 && !after(end, sender.end - receiver.maximum_window - 1))
        return unless_liberal(Fit::kIgnored);  // old: sent again, and acknowledged long ago
    if (!ack_recent) return unless_liberal(Fit::kIgnored);

    if (!segment.syn()) window <<= sender.scale;
    sender.maximum_window = std::max(sender.maximum_window, window + (sack - ack));
    if (after(end, sender.end)) {
        sender.end = end;
        sender.unacknowledged = true;
    }
    if (segment.ack() && (!sender.has_ack || after(ack, sender.maximum_ack))) {
        sender.maximum_ack = ack;
        sender.has_ack = true;
    }
    if (receiver.maximum_window != 0 && after(end, sender.maximum_end))
        receiver.maximum_window += end - sender.maximum_end;
    if (after(sack + window, receiver.maximum_end - 1))
        receiver.maximum_end = sack + window + (window == 0 ? 1 : 0);
    if (ack == receiver.end) receiver.unacknowledged = false;
    if (kind == Kind::kAck) {
        if (last_reply_ == reply && last_sequence_ == sequence && last_acknowledgment_ == ack &&
            last_end_ == end && last_window_ == segment.window) {
            if (retransmissions_ < 255) ++retransmissions_;
        } else {
            last_reply_ = reply;
            last_sequence_ = sequence;
            last_acknowledgment_ = ack;
            last_end_ = end;
            last_window_ = segment.window;
            retransmissions_ = 0;
        }
    }
    return Fit::kFits;
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
