#include "kernel/network/udp_socket.h"

#include <new>

namespace holm {

Result<UdpSocket> UdpSocket::create(std::unique_ptr<net::udp::Socket> socket) {
    UdpSocket created;
    created.state_.reset(new (std::nothrow) State(std::move(socket)));
    if (!created.state_) return fail(ErrorCode::kOutOfMemory, "no memory for a UDP socket");
    return created;
}

void UdpSocket::State::notify() {
    executor().post_all(receivers);
    executor().post_all(senders);
}

UdpSocket::Receive::Receive(State& state, Instant deadline)
    : SocketWait([](SocketWait& self) { return static_cast<Receive&>(self).state_.socket->readable(); },
                 state.receivers, deadline),
      state_(state) {
    if (!std::exchange(state.front_is_out, false)) return;
    state.socket->pop();
}

Result<UdpSocket::Datagram> UdpSocket::Receive::await_resume() {
    if (timed_out()) return fail(ErrorCode::kTimedOut, "the deadline has passed");
    if (const auto error = state_.socket->take_error()) return fail(*error, "reported by ICMP");
    state_.front_is_out = true;
    return *state_.socket->front();
}

UdpSocket::Send::Send(State& state, const net::Endpoint& remote, Bytes payload, Instant deadline)
    : SocketWait([](SocketWait& self) { return static_cast<Send&>(self).push(); }, state.senders, deadline),
      socket_(*state.socket),
      remote_(remote),
      payload_(payload) {}

bool UdpSocket::Send::push() {
    result_ = socket_.send_to(executor().now(), remote_, payload_);
    return result_ || result_.error().code != ErrorCode::kWouldBlock;
}

Result<> UdpSocket::Send::await_resume() {
    if (timed_out()) return fail(ErrorCode::kTimedOut, "the deadline has passed");
    return result_;
}

}  // namespace holm
