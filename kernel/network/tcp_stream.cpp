#include "kernel/network/tcp_stream.h"

#include <new>

namespace holm {

namespace {

std::unexpected<Error> late() {
    return fail(ErrorCode::kTimedOut, "the deadline has passed");
}

}  // namespace

Result<TcpStream> TcpStream::create(Reference<net::tcp::Connection> connection) {
    TcpStream stream;
    stream.state_.reset(new (std::nothrow) State(connection));
    if (!stream.state_) {
        connection->close();
        return fail(ErrorCode::kOutOfMemory, "no memory for a TCP stream");
    }
    return stream;
}

TcpStream::State::~State() {
    connection->set_observer(nullptr);
    connection->close();
}

void TcpStream::State::notify() {
    executor().post_all(receivers);
    executor().post_all(senders);
}

TcpStream::Receive::Receive(State& state, Instant deadline)
    : SocketWait(
          [](SocketWait& self) {
              const auto& connection = static_cast<Receive&>(self).connection_;
              return connection.readable_bytes() > 0 || connection.end_of_stream() || connection.error();
          },
          state.receivers, deadline),
      connection_(*state.connection) {}

Result<Bytes> TcpStream::Receive::await_resume() {
    if (timed_out()) return late();
    const Bytes bytes = connection_.readable();
    if (bytes.empty() && connection_.error()) return std::unexpected(*connection_.error());
    return bytes;
}

TcpStream::Send::Send(State& state, Bytes bytes, Instant deadline)
    : SocketWait([](SocketWait& self) { return static_cast<Send&>(self).push(); }, state.senders, deadline),
      connection_(*state.connection),
      rest_(bytes) {}

bool TcpStream::Send::push() {
    while (!rest_.empty()) {
        const auto taken = connection_.send(rest_);
        if (!taken) {
            result_ = std::unexpected(taken.error());
            return true;
        }
        if (*taken == 0) return false;
        rest_ = rest_.subspan(*taken);
    }
    return true;
}

Result<> TcpStream::Send::await_resume() {
    if (timed_out()) return late();
    return result_;
}

TcpStream::SendUntilHeard::SendUntilHeard(State& state, Bytes bytes, Instant deadline)
    : SocketWait([](SocketWait& self) { return static_cast<SendUntilHeard&>(self).push(); }, state.senders,
                 deadline),
      connection_(*state.connection),
      rest_(bytes) {}

bool TcpStream::SendUntilHeard::push() {
    while (!rest_.empty()) {
        if (connection_.readable_bytes() > 0 || connection_.end_of_stream()) return true;
        const auto taken = connection_.send(rest_);
        if (!taken) {
            result_ = std::unexpected(taken.error());
            return true;
        }
        if (*taken == 0) return false;
        taken_ += *taken;
        rest_ = rest_.subspan(*taken);
    }
    return true;
}

Result<std::size_t> TcpStream::SendUntilHeard::await_resume() {
    if (timed_out()) return late();
    return result_.transform([this] { return taken_; });
}

TcpStream::SendReference::SendReference(State& state, Bytes bytes, net::BufferOwner* owner, Instant deadline)
    : SocketWait([](SocketWait& self) { return static_cast<SendReference&>(self).push(); }, state.senders,
                 deadline),
      connection_(*state.connection),
      bytes_(bytes),
      owner_(owner) {}

bool TcpStream::SendReference::push() {
    result_ = connection_.send_reference(bytes_, owner_);
    return result_ || result_.error().code != ErrorCode::kWouldBlock;
}

Result<> TcpStream::SendReference::await_resume() {
    if (timed_out()) return late();
    return result_;
}

TcpStream::Connected::Connected(State& state, Instant deadline)
    : SocketWait(
          [](SocketWait& self) {
              const auto& connection = static_cast<Connected&>(self).connection_;
              return !connection.is_connecting() || connection.error();
          },
          state.senders, deadline),
      connection_(*state.connection) {}

Result<> TcpStream::Connected::await_resume() {
    if (timed_out()) return late();
    if (connection_.error()) return std::unexpected(*connection_.error());
    return {};
}

}  // namespace holm
