#include "net/tcp/listener.h"

#include <algorithm>

#include "net/tcp/layer.h"

namespace holm::net::tcp {

// RFC 9293, section 3.10.7.2.
void Listener::receive(Instant now, const FourTuple& tuple, const Segment& segment) {
    if (!segment.rst() && segment.ack()) {
        if (segment.syn() || !receive_cookie(now, tuple, segment)) layer_.refuse(tuple, segment);
        return;
    }
    if (!segment.rst() && segment.syn() && !segment.fin()) return receive_syn(now, tuple, segment);
    ++layer_.statistics_.ignored;
}

void Listener::receive_syn(Instant now, const FourTuple& tuple, const Segment& syn) {
    const auto route = layer_.output_.route(tuple.remote.address, tuple.local.address);
    if (!route || waiting_count_ >= backlog_) {
        ++layer_.statistics_.syns_dropped;
        return;
    }
    if (half_open_count_ < layer_.configuration_.max_half_open) {
        Connection* connection = layer_.create_connection(tuple, *route);
        if (connection == nullptr) {
            ++layer_.statistics_.syns_dropped;
            return;
        }
        connection->listener_ = this;
        half_open_.push_back(*connection);
        ++half_open_count_;
        connection->answer_syn(now, syn);
        return;
    }
    // A cookie: everything that we need to know comes back in the peer's acknowledgment.
    const Configuration& configuration = layer_.configuration_;
    cookies_until_ = now + Duration::seconds(128);
    const std::uint16_t peer_mss = syn.options.mss != 0 ? syn.options.mss : 536;
    const bool timestamps = configuration.timestamps && syn.options.has_timestamp;
    const auto clock = std::uint32_t(now.as_nanoseconds() / 1'000'000);
    Receiver window(std::min(configuration.receive_buffer, route->receive_limit),
                    std::min(configuration.max_receive_buffer, route->receive_limit), layer_.pool_);
    const bool ecn = timestamps && configuration.ecn != Ecn::kOff && syn.ece() && syn.cwr();
    window.start(syn.sequence + 1);
    Options offered = syn.options;
    offered.has_window_scale &= configuration.window_scale;
    offered.sack_permitted &= configuration.sack;
    const Reply reply{.tuple = tuple,
                      .sequence = layer_.secrets_.cookie(tuple, syn.sequence, peer_mss, now),
                      .acknowledgment = syn.sequence + 1,
                      .flags = std::uint8_t(wire::kTcpSyn | wire::kTcpAck | (ecn ? wire::kTcpEce : 0)),
                      .window = window.announce_window(true),
                      .mss = Connection::announced_mss(route->mtu, tuple),
                      // Without timestamps there is no place to remember the other options in.
                      .has_window_scale = timestamps && offered.has_window_scale,
                      .window_scale = window.wanted_scale(),
                      .sack_permitted = timestamps && offered.sack_permitted,
                      .has_timestamp = timestamps,
                      .timestamp_value = encode_cookie_options(
                          layer_.secrets_.timestamp_offset(tuple) + clock, offered, ecn),
                      .timestamp_echo = syn.options.timestamp_value};
    if (layer_.replies_.push(reply)) ++layer_.statistics_.cookies_sent;
}

bool Listener::receive_cookie(Instant now, const FourTuple& tuple, const Segment& ack) {
    if (now >= cookies_until_) return false;
    const auto mss = layer_.secrets_.check_cookie(tuple, ack.sequence - 1, ack.acknowledgment - 1, now);
    // Data that has overtaken the acknowledgment fails the check, as a forged one does: it is dropped without
    // a reset, which would end an honest connection.
    if (!mss) return ack.length() > 0;
    // The handshake is in order; from here on, lack of room is ours and the peer may repeat the
    // acknowledgment.
    const auto route = layer_.output_.route(tuple.remote.address, tuple.local.address);
    if (!route || waiting_count_ >= backlog_) return true;
    Connection* connection = layer_.create_connection(tuple, *route, true);
    if (connection == nullptr) return true;
    Options agreed;
    agreed.mss = *mss;
    agreed.has_timestamp = layer_.configuration_.timestamps && ack.options.has_timestamp;
    agreed.timestamp_value = ack.options.timestamp_value;
    const bool ecn = agreed.has_timestamp && decode_cookie_options(ack.options.timestamp_echo, agreed) &&
                     layer_.configuration_.ecn != Ecn::kOff;
    ++layer_.statistics_.cookies_accepted;
    connection->listener_ = this;
    half_open_.push_back(*connection);
    ++half_open_count_;
    connection->accept_cookie(now, ack, agreed, ecn);
    return true;
}

bool Listener::completed(Connection& connection) {
    if (waiting_count_ >= backlog_) return false;
    --half_open_count_;
    waiting_.push_back(connection);  // moves it there
    ++waiting_count_;
    connection.waiting_ = true;
    ++layer_.statistics_.accepted;
    if (observer_ != nullptr) observer_->notify();
    return true;
}

void Listener::forget(Connection& connection) {
    (connection.waiting_ ? waiting_count_ : half_open_count_)--;
    connection.waiting_ = false;
    static_cast<ListHook<QueueTag>&>(connection).unlink();
    connection.listener_ = nullptr;
}

Reference<Connection> Listener::accept() {
    if (waiting_.empty()) return {};
    Connection& connection = waiting_.front();
    forget(connection);
    return Reference<Connection>(&connection);
}

void Listener::close() {
    static_cast<ListHook<ListenerTag>&>(*this).unlink();
    while (!half_open_.empty()) half_open_.front().abort();
    while (!waiting_.empty()) waiting_.front().abort();
    layer_.reap();
}

void Listener::release() {
    if (--users_ > 0) return;
    close();
    layer_.destroy(*this);
}

}  // namespace holm::net::tcp
