#pragma once

// A TCP connection for tasks. Received bytes are handed out where they lie; sent bytes are copied into the
// send buffer, or referenced until they are acknowledged.
//
//     for (;;) {
//         const Bytes bytes = CO_TRY(co_await stream.receive());
//         if (bytes.empty()) break;  // the peer has finished sending
//         CO_TRY(co_await stream.send(bytes));
//         stream.consume(bytes.size());
//     }
//
// Every wait can be cancelled, and takes a deadline: kTimedOut when it passes, the connection stays as it is.
// A stream that is destroyed is closed in order: what was sent is still delivered.

#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/observer.h"
#include "base/reference.h"
#include "base/result.h"
#include "kernel/network/socket_wait.h"
#include "net/address.h"
#include "net/frame.h"
#include "net/tcp/connection.h"
#include "net/tcp/information.h"

namespace holm {

class TcpStream {
  public:
    class Receive;
    class Send;
    class SendUntilHeard;
    class SendReference;
    class Connected;

    // Not connected to anything; only good to be assigned to.
    TcpStream() = default;
    // Errors: kOutOfMemory; the connection is then closed.
    static Result<TcpStream> create(Reference<net::tcp::Connection> connection);
    TcpStream(TcpStream&&) noexcept = default;
    TcpStream& operator=(TcpStream&&) noexcept = default;

    // Result<Bytes>: the first received bytes that were not consumed, valid until consume(); empty when the
    // peer has finished. Errors: what ended the connection, kTimedOut.
    Receive receive(Instant deadline = Instant::never());
    // Drops bytes that receive() gave, once they are dealt with. Precondition: so many were given.
    void consume(std::size_t bytes) { state_->connection->consume(bytes); }
    // What receive() would give without waiting.
    Bytes readable() const { return state_->connection->readable(); }

    // Result<>: all bytes are in the send buffer. Errors: kBrokenPipe, what ended the connection, kTimedOut.
    Send send(Bytes bytes, Instant deadline = Instant::never());
    // Result<std::size_t>: how many of the bytes are in the send buffer: all, or fewer because there is
    // something to receive, the peer's end included. Errors: as send().
    SendUntilHeard send_until_heard(Bytes bytes, Instant deadline = Instant::never());
    // As send() without copying: the bytes must stay as they are until `owner` is released (null: for ever).
    // Waits while much is queued: net::tcp::Connection::send_reference().
    SendReference send_reference(Bytes bytes, net::BufferOwner* owner, Instant deadline = Instant::never());
    // As many bytes as the send buffer takes now. Errors: as send().
    Result<std::size_t> try_send(Bytes bytes) { return state_->connection->send(bytes); }

    // No more will be sent; receiving goes on.
    void shutdown_send() { state_->connection->shutdown_send(); }
    // Ends the connection at once, with a reset; who waits for it goes on with an error.
    void abort() {
        state_->connection->abort();
        state_->notify();
    }

    // --- what may be set, at any time ---
    // Bytes go at once, not when they fill a segment (Nagle's algorithm off). Off at first.
    void set_no_delay(bool on) { connection().set_no_delay(on); }
    // Asks a peer that has been silent for `idle`, then each `interval`, and gives up after `probes` without
    // an answer (zero: nine). Off at first, and by an idle time of zero.
    void set_keep_alive(Duration idle, Duration interval, std::uint8_t probes = 0) {
        connection().set_keep_alive(idle, interval, probes);
    }
    // How long what was sent may stay unacknowledged before the connection ends with kTimedOut. At first: 5
    // minutes.
    void set_user_timeout(Duration timeout) { connection().set_user_timeout(timeout); }
    // CUBIC at first.
    void set_congestion(net::tcp::CongestionAlgorithm algorithm) { connection().set_congestion(algorithm); }
    // Bytes that send() copies at most, and of the window that the peer is offered. At first, and by zero for
    // the first, as many as the path needs.
    void set_send_buffer(std::uint32_t bytes) { connection().set_send_buffer(bytes); }
    void set_receive_buffer(std::uint32_t bytes) { connection().set_receive_buffer(bytes); }
    // Of each packet: 64 at first; DSCP in the upper six bits, zero at first.
    void set_time_to_live(std::uint8_t hops) { connection().set_time_to_live(hops); }
    void set_traffic_class(std::uint8_t traffic_class) { connection().set_traffic_class(traffic_class); }
    // Round trips, windows, losses, as of now.
    net::tcp::Information information() const { return net::tcp::information_about(connection()); }

    const net::Endpoint& local() const { return state_->connection->local(); }
    const net::Endpoint& remote() const { return state_->connection->remote(); }
    net::tcp::Connection& connection() const { return *state_->connection; }
    explicit operator bool() const { return state_ != nullptr; }

    // For Network::connect(): Result<> once the handshake is over.
    Connected connected(Instant deadline = Instant::never());

  private:
    struct State final : Observer {
        explicit State(Reference<net::tcp::Connection> open) : connection(std::move(open)) {
            connection->set_observer(this);
        }
        ~State();
        void notify() override;

        Reference<net::tcp::Connection> connection;
        WaitList receivers;
        WaitList senders;
    };

    std::unique_ptr<State> state_;
};

class [[nodiscard]] TcpStream::Receive final : public SocketWait {
  public:
    Receive(State& state, Instant deadline);
    Result<Bytes> await_resume();

  private:
    net::tcp::Connection& connection_;
};

class [[nodiscard]] TcpStream::Send final : public SocketWait {
  public:
    Send(State& state, Bytes bytes, Instant deadline);
    Result<> await_resume();

  private:
    bool push();
    net::tcp::Connection& connection_;
    Bytes rest_;
    Result<> result_;
};

class [[nodiscard]] TcpStream::SendUntilHeard final : public SocketWait {
  public:
    SendUntilHeard(State& state, Bytes bytes, Instant deadline);
    Result<std::size_t> await_resume();

  private:
    bool push();
    net::tcp::Connection& connection_;
    Bytes rest_;
    std::size_t taken_ = 0;
    Result<> result_;
};

class [[nodiscard]] TcpStream::SendReference final : public SocketWait {
  public:
    SendReference(State& state, Bytes bytes, net::BufferOwner* owner, Instant deadline);
    Result<> await_resume();

  private:
    bool push();
    net::tcp::Connection& connection_;
    Bytes bytes_;
    net::BufferOwner* owner_;
    Result<> result_;
};

class [[nodiscard]] TcpStream::Connected final : public SocketWait {
  public:
    Connected(State& state, Instant deadline);
    Result<> await_resume();

  private:
    net::tcp::Connection& connection_;
};

inline TcpStream::Receive TcpStream::receive(Instant deadline) {
    return {*state_, deadline};
}
inline TcpStream::Send TcpStream::send(Bytes bytes, Instant deadline) {
    return {*state_, bytes, deadline};
}
inline TcpStream::SendUntilHeard TcpStream::send_until_heard(Bytes bytes, Instant deadline) {
    return {*state_, bytes, deadline};
}
inline TcpStream::SendReference TcpStream::send_reference(Bytes bytes, net::BufferOwner* owner,
                                                          Instant deadline) {
    return {*state_, bytes, owner, deadline};
}
inline TcpStream::Connected TcpStream::connected(Instant deadline) {
    return {*state_, deadline};
}

}  // namespace holm
