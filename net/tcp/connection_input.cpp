// What a connection does with a segment: RFC 9293, section 3.10.7.4, in the order of its steps, with the
// checks of RFC 5961 against blind attackers and of RFC 7323 against old duplicates in their places.

#include <algorithm>

#include "net/tcp/layer.h"

namespace holm::net::tcp {
namespace {

// A timestamp older than this says nothing: the peer's clock may have wrapped round (RFC 7323, section 5.5).
constexpr Duration kTimestampLifetime = Duration::minutes(24 * 60) * 24;
// Challenge ACKs of one connection in one second. Counted for each connection: a shared count could be
// observed from outside (CVE-2016-5696).
constexpr std::uint8_t kChallengesPerSecond = 10;

constexpr Error kRefused{ErrorCode::kConnectionRefused, "the peer's host refuses the port"};
constexpr Error kNoNetwork{ErrorCode::kNetworkUnreachable, "a router has no way to the peer's network"};
constexpr Error kNoHost{ErrorCode::kHostUnreachable, "a router has no way to the peer"};

}  // namespace

void Connection::receive(Instant now, const Segment& segment) {
    if (state_ == State::kSynSent) return receive_in_syn_sent(now, segment);
    Statistics& statistics = layer_.statistics_;
    if (!check_timestamp(now, segment)) return void(++statistics.stale_timestamp);
    if (!check_sequence(now, segment)) return void(++statistics.out_of_window);
    if (segment.rst() || segment.syn()) {
        if (check_reset(now, segment)) check_syn(now, segment);
        return;
    }
    note_timestamp(now, segment);
    last_heard_ = now;
    keep_alive_probes_ = 0;
    if (!check_acknowledgment(now, segment)) return;
    if (ecn_) take_congestion(segment);
    if (segment.options.has_user_timeout) take_user_timeout(segment.options);
    // Sixth step, URG: the bytes are ordinary bytes (RFC 6093, section 6: do not implement more).
    take_text(now, segment);
}

// RFC 7323, section 5.3, R1: before everything else, so that an old duplicate changes nothing.
bool Connection::check_timestamp(Instant now, const Segment& segment) {
    if (!timestamps_ || segment.rst()) return true;
    // Section 3.2: once agreed on, a segment without the option is not from our peer.
    if (!segment.options.has_timestamp) return segment.syn();
    const auto age = std::int32_t(segment.options.timestamp_value - timestamp_recent_);
    if (age >= 0 || now - timestamp_recent_at_ > kTimestampLifetime) return true;
    if (state_ == State::kSynReceived && segment.syn()) return true;
    if (segment.payload.empty()) {
        challenge(now);
    } else {
        receiver_.acknowledge_now();
        schedule();
    }
    return false;
}

// R3: only what is next in order, as far as we have told the peer, so that a delayed ACK echoes the first
// segment's time.
void Connection::note_timestamp(Instant now, const Segment& segment) {
    if (!timestamps_ || !segment.options.has_timestamp) return;
    if (segment.sequence > receiver_.last_ack_sent()) return;
    timestamp_recent_ = segment.options.timestamp_value;
    timestamp_recent_at_ = now;
}

// First step.
bool Connection::check_sequence(Instant now, const Segment& segment) {
    if (receiver_.acceptable(segment.sequence, segment.length())) return true;
    // A closed window lets acknowledgments, resets and the peer's probes pass; take() refuses the bytes.
    if (receiver_.window() == 0 && segment.sequence == receiver_.next()) return true;
    if (segment.rst()) return false;
    if (state_ == State::kSynReceived && segment.syn() && segment.sequence + 1 == receiver_.next()) {
        // Our SYN-ACK was lost, or the peer opens at the same time: then its SYN-ACK completes the handshake.
        if (segment.ack() && !passive_)
            return complete_handshake(now, segment) && (receiver_.acknowledge_now(), false);
        syn_due_ = syn_repeated_ = true;
        schedule();
        return false;
    }
    if (segment.payload.empty()) {
        challenge(now);
    } else {
        // Our acknowledgment was lost. Not counted with the challenges: data does not make two hosts
        // acknowledge each other for ever.
        receiver_.note_duplicate(segment.sequence, std::uint32_t(segment.payload.size()));
        receiver_.acknowledge_now();
        schedule();
    }
    return false;
}

// Second step, RFC 5961, section 3.2. (The third step, security, is historic.)
bool Connection::check_reset(Instant now, const Segment& segment) {
    if (!segment.rst()) return true;
    if (segment.sequence != receiver_.next()) {
        challenge(now);
        return false;
    }
    ++layer_.statistics_.resets_in;
    if (state_ == State::kSynReceived)
        fail({ErrorCode::kConnectionRefused, "the peer refuses the connection"});
    else
        fail({ErrorCode::kConnectionReset, "the peer has reset the connection"});
    return false;
}

// Fourth step, RFC 5961, section 4.2: never believe it, ask.
bool Connection::check_syn(Instant now, const Segment& segment) {
    if (!segment.syn()) return true;
    challenge(now);
    return false;
}

void Connection::challenge(Instant now) {
    if (now - challenge_epoch_ >= Duration::seconds(1)) {
        challenge_epoch_ = now;
        challenges_ = 0;
    }
    if (challenges_ >= kChallengesPerSecond) return;
    ++challenges_;
    ++layer_.statistics_.challenge_acks;
    receiver_.acknowledge_now();
    schedule();
}

// Fifth step.
bool Connection::check_acknowledgment(Instant now, const Segment& segment) {
    if (!segment.ack()) return false;
    if (state_ == State::kSynReceived && !complete_handshake(now, segment)) return false;
    // RFC 5961, section 5.2: data with an acknowledgment far from what we have sent is injected.
    if (sender_.acknowledges_unsent(segment.acknowledgment) ||
        sender_.acknowledges_too_old(segment.acknowledgment)) {
        ++layer_.statistics_.bad_acknowledgment;
        challenge(now);
        return false;
    }
    Sender::Arrival arrival{.now = now,
                            .sequence = segment.sequence,
                            .ack = segment.acknowledgment,
                            .window = std::uint32_t{segment.window} << peer_scale_,
                            .bare = segment.length() == 0,
                            .sack = sack_ ? segment.options.sack_blocks() : std::span<const SeqRange>{}};
    if (timestamps_ && segment.options.has_timestamp) {
        // A peer could echo nonsense: nothing older than ten minutes was a round trip.
        const std::uint32_t elapsed = timestamp(now) - segment.options.timestamp_echo;
        const std::int64_t milliseconds = now.as_nanoseconds() / 1'000'000;
        if (elapsed < 600'000)
            arrival.echo = Instant::from_nanoseconds((milliseconds - std::int64_t{elapsed}) * 1'000'000);
    }
    arrival.congestion_echo = ecn_ && segment.ece();
    const Seq edge = sender_.window_edge();
    const bool acknowledged = sender_.acknowledge(arrival);
    if (sender_.window_edge() < edge) ++layer_.statistics_.windows_shrunk;
    if (acknowledged) {
        last_progress_ = now;
        if (const std::uint16_t mtu = path_search_.acknowledged(now, sender_.una()); mtu > mtu_) {
            mtu_ = mtu;
            sender_.set_mss(effective_mss());
        }
        progress_ = true;
        if ((wants_room_ && send_space() > 0) || (wants_reference_ && has_room_for_reference())) {
            wants_room_ = wants_reference_ = false;
            notify();
        }
        if (sender_.finish_acknowledged()) {
            if (state_ == State::kFinWait1) {
                state_ = State::kFinWait2;
                notify();
            } else if (state_ == State::kClosing) {
                state_ = State::kTimeWait;
                notify();
                layer_.enter_time_wait(now, *this);
                return false;
            } else if (state_ == State::kLastAck) {
                state_ = State::kClosed;
                notify();
                layer_.retire(*this);
                return false;
            }
        } else if (sender_.buffered() == 0) {
            notify();  // someone may wait for everything to be acknowledged
        }
    }
    schedule();
    return true;
}

// RFC 3168, section 6.1.3: a mark is echoed until the peer says that it has slowed down.
void Connection::take_congestion(const Segment& segment) {
    if (segment.cwr()) echo_congestion_ = false;
    if (segment.congestion_experienced && !segment.payload.empty()) echo_congestion_ = true;
}

// Seventh and eighth step.
void Connection::take_text(Instant now, const Segment& segment) {
    if (state_ != State::kEstablished && state_ != State::kFinWait1 && state_ != State::kFinWait2) return;
    // RFC 9293, section 3.6.1, SHLD-3: new data after the service has closed goes nowhere, and the
    // peer must learn of it.
    const bool syn = segment.syn();
    if (detached_ && !segment.payload.empty() &&
        segment.sequence + std::uint32_t(segment.payload.size()) > receiver_.next())
        return abort();
    const Receiver::Taken taken = receiver_.take({.now = now,
                                                  .sequence = segment.sequence + (syn ? 1 : 0),
                                                  .payload = segment.payload,
                                                  .owner = segment.owner,
                                                  .segment_size = segment.segment_size,
                                                  .fin = segment.fin()},
                                                 layer_.configuration_.acknowledgment_delay);
    if (taken.readable) {
        // The sender's estimate is finer than a timestamp; a connection that only receives has the
        // handshake's.
        Duration round_trip = sender_.rtt().smoothed();
        if (round_trip == Duration() && timestamps_ && segment.options.has_timestamp) {
            const std::uint32_t elapsed = timestamp(now) - segment.options.timestamp_echo;
            if (elapsed < 60'000) round_trip = Duration::milliseconds(std::max(elapsed, 1U));
        }
        receiver_.tune(now, round_trip);
    }
    if (segment.length() > 0) schedule();
    if (taken.finished) take_fin(now);
    if (taken.readable || taken.finished) notify();
}

void Connection::take_fin(Instant now) {
    switch (state_) {
        case State::kEstablished:
            state_ = State::kCloseWait;
            break;
        case State::kFinWait1:
            state_ = State::kClosing;  // had our FIN been acknowledged, the fifth step would have moved on
            break;
        case State::kFinWait2:
            state_ = State::kTimeWait;
            layer_.enter_time_wait(now, *this);
            break;
        default:
            break;
    }
}

// An ICMP error is hearsay (RFC 5927). Section 4.1: the quoted sequence number must be outstanding;
// section 5.2: an error does not end a synchronized connection, it is only remembered as the likely reason
// should it time out.
// False: the error is not about anything in flight.
bool Connection::on_icmp_error(Instant now, const ip::ErrorReport& report, Seq quoted) {
    if (quoted < sender_.una() || quoted >= sender_.highest()) return false;
    switch (report.kind) {
        case ip::ErrorKind::kPacketTooBig:
            // RFC 1191: a smaller MTU, but never below what IPv4 hosts must take.
            if (report.mtu >= mtu_ || is_connecting()) return true;
            mtu_ = std::min(mtu_, std::max<std::uint16_t>(report.mtu, 576));
            path_search_.told(mtu_);
            sender_.set_mss(effective_mss());
            sender_.resend(now);
            schedule();
            return true;
        case ip::ErrorKind::kPortUnreachable:
        case ip::ErrorKind::kProtocolUnreachable:
            soft_error_ = &kRefused;
            if (state_ == State::kSynSent) fail(*soft_error_);
            return true;
        case ip::ErrorKind::kNetworkUnreachable:
            soft_error_ = &kNoNetwork;
            return true;
        default:
            soft_error_ = &kNoHost;
            return true;
    }
}

}  // namespace holm::net::tcp
