#include "net/tcp/connection.h"

#include <algorithm>

#include "net/tcp/layer.h"

namespace holm::net::tcp {

const char* name_of(State state) {
    static constexpr const char* kNames[] = {"SYN-SENT",   "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
                                             "FIN-WAIT-2", "CLOSE-WAIT",   "CLOSING",     "LAST-ACK",
                                             "TIME-WAIT",  "CLOSED"};
    return kNames[int(state)];
}

Connection::Connection(Layer& layer, const FourTuple& tuple_, const ip::Route& route)
    : TableEntry(Kind::kConnection, tuple_),
      layer_(layer),
      sender_(layer.configuration_.retransmission, layer.configuration_.congestion, layer.pool_),
      receiver_(std::min(layer.configuration_.receive_buffer, route.receive_limit),
                std::min(layer.configuration_.max_receive_buffer, route.receive_limit), layer.pool_),
      segmentation_(route.segmentation),
      mtu_(std::max<std::uint16_t>(route.mtu, 128)),
      timestamp_offset_(layer.secrets_.timestamp_offset(tuple_)),
      patience_(layer.configuration_.user_timeout) {}

Connection::~Connection() = default;

void Connection::release() {
    if (--users_ > 0) return;
    if (in_layer_) {
        close();
    } else {
        layer_.retired_.push_back(*this);
    }
}

void Connection::schedule() {
    if (in_layer_) layer_.schedule(*this);
}

bool Connection::can_send() const {
    return (is_connecting() || state_ == State::kEstablished || state_ == State::kCloseWait) &&
           !sender_.finishing();
}

// The connection ends here and now, without a word to the peer.
void Connection::fail(Error error) {
    if (!is_alive()) return;
    if (!error_) error_ = error;
    state_ = State::kClosed;
    sender_.discard();
    receiver_.discard_ahead();
    notify();
    layer_.retire(*this);
}

// --- receiving
// ------------------------------------------------------------------------------------------------------

void Connection::consume(std::size_t bytes) {
    if (receiver_.consume(bytes)) schedule();
}

bool Connection::end_of_stream() const {
    return receiver_.readable_bytes() == 0 && (receiver_.finished() || !is_alive());
}

void Connection::set_receive_buffer(std::uint32_t bytes) {
    const std::uint32_t most = is_connecting() ? Receiver::kMaximumLimit : 0xffffU << receiver_.scale();
    receiver_.set_limit(std::min(bytes, most));
}

// --- sending
// --------------------------------------------------------------------------------------------------------

// Two windows: one under way, one to follow it.
std::size_t Connection::send_limit() const {
    const Configuration& ours = layer_.configuration_;
    if (send_buffer_ != 0) return send_buffer_;
    const std::size_t wanted =
        std::min<std::size_t>(2 * std::size_t{sender_.congestion().window()}, ours.max_send_buffer);
    return wanted > ours.send_buffer && layer_.pool_.has_room(wanted - ours.send_buffer) ? wanted
                                                                                         : ours.send_buffer;
}

std::size_t Connection::send_space() const {
    if (!can_send()) return 0;
    const std::size_t limit = send_limit();
    const std::size_t used = sender_.copied();
    return used < limit ? limit - used : 0;
}

// Two windows here too, but not less than a large copy takes: each reference may be small.
bool Connection::has_room_for_reference() const {
    const std::size_t limit = std::max<std::size_t>(2 * std::size_t{sender_.congestion().window()},
                                                    layer_.configuration_.max_send_buffer);
    return sender_.referenced() < limit;
}

Result<std::size_t> Connection::send(Bytes bytes) {
    if (error_) return std::unexpected(*error_);
    if (!can_send()) return holm::fail(ErrorCode::kBrokenPipe, "this side has shut down sending");
    const std::size_t taken = sender_.append(bytes.first(std::min(bytes.size(), send_space())));
    wants_room_ = taken < bytes.size();
    if (taken > 0) schedule();
    return taken;
}

Result<> Connection::send_reference(Bytes bytes, BufferOwner* owner) {
    if (error_) return std::unexpected(*error_);
    if (!can_send()) return holm::fail(ErrorCode::kBrokenPipe, "this side has shut down sending");
    if (bytes.empty()) return {};
    if (bytes.size() > kMaximumQueued || sender_.buffered() > kMaximumQueued - bytes.size())
        return holm::fail(ErrorCode::kTooLarge, "too many bytes are queued");
    if (const bool crowded = !has_room_for_reference(); crowded || send_space() == 0) {
        (crowded ? wants_reference_ : wants_room_) = true;
        return holm::fail(ErrorCode::kWouldBlock, "the send buffer is full");
    }
    if (!sender_.append_reference(bytes, owner))
        return holm::fail(ErrorCode::kNoBuffers, "no memory for a reference");
    schedule();
    return {};
}

void Connection::set_user_timeout(Duration timeout) {
    patience_ = timeout;
    user_timeout_set_ = true;
    user_timeout_due_ = layer_.configuration_.user_timeout_option;
}

void Connection::set_no_delay(bool on) {
    sender_.set_no_delay(on);
    if (on) schedule();
}

void Connection::set_keep_alive(Duration idle, Duration interval, std::uint8_t probes) {
    keep_alive_idle_ = idle;
    keep_alive_interval_ = interval;
    keep_alive_probes_ = 0;
    keep_alive_most_ = probes;
    schedule();  // transmit() arms the timer
}

// --- ending
// ---------------------------------------------------------------------------------------------------------

void Connection::shutdown_send() {
    if (!can_send()) return;
    sender_.finish();
    if (state_ == State::kEstablished)
        state_ = State::kFinWait1;
    else if (state_ == State::kCloseWait)
        state_ = State::kLastAck;
    schedule();
}

void Connection::close() {
    if (detached_) return;
    detached_ = true;
    observer_ = nullptr;
    if (!is_alive()) return;
    // RFC 9293, section 3.10.4; an unread byte means that the peer would believe in a delivery that never
    // happened.
    if (is_connecting() || receiver_.readable_bytes() > 0) return abort();
    if (layer_.orphans_ >= layer_.configuration_.max_orphans) {
        ++layer_.statistics_.orphans_reset;
        return abort();
    }
    ++layer_.orphans_;
    orphan_ = true;
    shutdown_send();
    last_progress_ = last_heard_;
    schedule();
}

void Connection::abort() {
    // RFC 9293, section 3.10.5: no reset before the peer has answered, nor after both sides have closed.
    const bool reset =
        is_alive() && state_ != State::kSynSent && state_ != State::kClosing && state_ != State::kLastAck;
    if (reset) {
        const Reply reply{.tuple = tuple,
                          .sequence = sender_.next_sequence(),
                          .acknowledgment = receiver_.next(),
                          .flags = wire::kTcpRst | wire::kTcpAck};
        if (layer_.replies_.push(reply)) ++layer_.statistics_.resets_out;
    }
    observer_ = nullptr;
    detached_ = true;
    fail({ErrorCode::kConnectionAborted, "closed with a reset by this side"});
}

}  // namespace holm::net::tcp
