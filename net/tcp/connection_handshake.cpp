// From SYN to ESTABLISHED: both ways to open, and what the options of the SYN segments agree on.

#include <algorithm>

#include "net/tcp/layer.h"
#include "net/tcp/user_timeout.h"

namespace holm::net::tcp {

std::uint16_t Connection::announced_mss(std::uint16_t mtu, const FourTuple& tuple) {
    const std::uint16_t headers = (tuple.remote.address.is_v4() ? 20 : 40) + sizeof(wire::TcpHeader);
    return mtu - headers;
}

// Payload of a full segment: what both the peer and the path take, without the options that every segment
// carries (RFC 6691).
std::uint32_t Connection::mss_within(std::uint16_t mtu) const {
    const std::uint32_t most = std::min(peer_mss_, announced_mss(mtu, tuple));
    return std::max(most - (timestamps_ ? kTimestampBytes : 0), 32U);
}

// Active OPEN.
void Connection::open(Instant now) {
    state_ = State::kSynSent;
    sender_.start(layer_.secrets_.initial_sequence(tuple, now));
    last_heard_ = last_progress_ = now;
    syn_due_ = true;
    schedule();
}

// Passive OPEN: a listener hands us the SYN. Data on it is ignored (the peer sends it again), as its FIN
// would be.
void Connection::answer_syn(Instant now, const Segment& syn) {
    state_ = State::kSynReceived;
    passive_ = true;
    sender_.start(layer_.secrets_.initial_sequence(tuple, now));
    receiver_.start(syn.sequence + 1);
    learn_options(syn.options, now);
    // RFC 3168, section 6.1.1: both flags ask, only ECE agrees.
    ecn_ = layer_.configuration_.ecn != Ecn::kOff && syn.ece() && syn.cwr();
    sender_.set_peer_window(syn.sequence, syn.acknowledgment, syn.window);
    last_heard_ = last_progress_ = now;
    syn_due_ = true;
    schedule();
}

// The acknowledgment of a SYN cookie: the state that the handshake would have left behind.
void Connection::accept_cookie(Instant now, const Segment& ack, const Options& agreed, bool ecn) {
    state_ = State::kSynReceived;
    passive_ = true;
    sender_.start(ack.acknowledgment - 1);
    receiver_.start(ack.sequence);
    receiver_.announce_window(true);
    learn_options(agreed, now);
    ecn_ = ecn;
    last_heard_ = last_progress_ = now;
    sender_.restore_syn();
    receive(now, ack);
}

// What the peer's SYN offers and we offer too is agreed.
void Connection::learn_options(const Options& options, Instant now) {
    const Configuration& ours = layer_.configuration_;
    // MUST-15: 536 if the option is absent; tiny values are how a peer makes us send floods of headers.
    peer_mss_ = options.mss != 0 ? std::max<std::uint16_t>(options.mss, 64) : 536;
    timestamps_ = ours.timestamps && options.has_timestamp;
    sack_ = ours.sack && options.sack_permitted;
    window_scale_ = ours.window_scale && options.has_window_scale;
    peer_scale_ = window_scale_ ? options.window_scale : 0;
    receiver_.agree(window_scale_ ? receiver_.wanted_scale() : 0, sack_);
    take_user_timeout(options);
    if (timestamps_) {
        timestamp_recent_ = options.timestamp_value;
        timestamp_recent_at_ = now;
    }
}

// RFC 5482, section 3.1: only what the service has not decided itself.
void Connection::take_user_timeout(const Options& options) {
    const Configuration& ours = layer_.configuration_;
    if (!ours.user_timeout_option || !options.has_user_timeout || user_timeout_set_) return;
    patience_ = agree_user_timeout(ours.user_timeout, decode_user_timeout(options.user_timeout),
                                   ours.least_user_timeout, ours.most_user_timeout);
}

// RFC 9293, section 3.10.7.3.
void Connection::receive_in_syn_sent(Instant now, const Segment& segment) {
    if (segment.ack() &&
        (segment.acknowledgment <= sender_.una() || segment.acknowledgment > sender_.highest())) {
        layer_.refuse(tuple, segment);
        return;
    }
    if (segment.rst()) {
        ++layer_.statistics_.resets_in;
        if (segment.ack()) fail({ErrorCode::kConnectionRefused, "the peer refuses the connection"});
        return;
    }
    if (!segment.syn()) return;

    last_heard_ = now;
    receiver_.start(segment.sequence + 1);
    learn_options(segment.options, now);
    // The window of a SYN is never scaled (RFC 7323, section 2.2).
    sender_.set_peer_window(segment.sequence, segment.acknowledgment, segment.window);
    receiver_.announce_window(true);
    // An answer with both flags comes from a peer that only reflects what it does not know.
    if (segment.ack()) ecn_ = ecn_asked_ && segment.ece() && !segment.cwr();
    if (!segment.ack()) {
        // Simultaneous open.
        state_ = State::kSynReceived;
        syn_due_ = syn_repeated_ = true;
        schedule();
        return;
    }
    establish(now, segment);
    receiver_.acknowledge_now();
    take_text(now, segment);
}

// SYN-RECEIVED, step five of section 3.10.7.4. False: the segment is done with.
bool Connection::complete_handshake(Instant now, const Segment& segment) {
    if (segment.acknowledgment <= sender_.una() || segment.acknowledgment > sender_.highest()) {
        layer_.refuse(tuple, segment);
        return false;
    }
    if (listener_ != nullptr && !listener_->completed(*this)) return false;
    sender_.set_peer_window(segment.sequence, segment.acknowledgment,
                            std::uint32_t{segment.window} << peer_scale_);
    establish(now, segment);
    return true;
}

void Connection::establish(Instant now, const Segment&) {
    syn_due_ = false;
    state_ = State::kEstablished;
    last_progress_ = now;
    sender_.establish(now, effective_mss(), sack_);
    sender_.set_pacing(layer_.configuration_.pacing);
    user_timeout_due_ = layer_.configuration_.user_timeout_option;
    if (sender_.finishing()) state_ = State::kFinWait1;
    notify();
    schedule();
}

}  // namespace holm::net::tcp
