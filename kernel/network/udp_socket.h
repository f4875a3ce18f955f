#pragma once

// A UDP socket for tasks.

#include <memory>

#include "base/observer.h"
#include "base/result.h"
#include "kernel/network/socket_wait.h"
#include "net/udp/socket.h"

namespace holm {

class UdpSocket {
  public:
    using Datagram = net::udp::Datagram;
    class Receive;
    class Send;

    // Errors: kOutOfMemory.
    static Result<UdpSocket> create(std::unique_ptr<net::udp::Socket> socket);
    UdpSocket(UdpSocket&&) noexcept = default;
    UdpSocket& operator=(UdpSocket&&) noexcept = default;

    // Result<Datagram>: the oldest one; its payload is valid until the next receive(). Errors: kTimedOut, and
    // on a connected socket what ICMP reported.
    Receive receive(Instant deadline = Instant::never());
    // Result<>: the datagram is on its way. Errors: those of net::udp::Socket::send_to() but for kWouldBlock.
    Send send_to(const net::Endpoint& remote, Bytes payload, Instant deadline = Instant::never());
    // To where the socket is connected.
    Send send(Bytes payload, Instant deadline = Instant::never());
    // Hears what is sent to a multicast group, until it leaves it or ends; see net::udp::Socket::join().
    Result<> join(const net::IpAddress& group) { return state_->socket->join(group); }
    Result<> leave(const net::IpAddress& group) { return state_->socket->leave(group); }
    // Hears of a joined group some sources alone, or all but some; see net::udp::Socket::set_sources().
    using Sources = net::udp::Socket::Sources;
    Result<> set_sources(Sources which, const net::IpAddress& group,
                         std::span<const net::IpAddress> sources) {
        return state_->socket->set_sources(which, group, sources);
    }
    // Only this remote from now on.
    Result<> connect(const net::Endpoint& remote) { return state_->socket->connect(remote); }

    const net::Endpoint& local() const { return state_->socket->local(); }
    net::udp::Socket& socket() const { return *state_->socket; }

  private:
    struct State final : Observer {
        explicit State(std::unique_ptr<net::udp::Socket> open) : socket(std::move(open)) {
            socket->set_observer(this);
        }
        void notify() override;

        std::unique_ptr<net::udp::Socket> socket;
        bool front_is_out = false;  // the first datagram has been given out and leaves at the next receive()
        WaitList receivers;
        WaitList senders;
    };

    UdpSocket() = default;
    std::unique_ptr<State> state_;
};

class [[nodiscard]] UdpSocket::Receive final : public SocketWait {
  public:
    Receive(State& state, Instant deadline);
    Result<Datagram> await_resume();

  private:
    State& state_;
};

class [[nodiscard]] UdpSocket::Send final : public SocketWait {
  public:
    Send(State& state, const net::Endpoint& remote, Bytes payload, Instant deadline);
    Result<> await_resume();

  private:
    bool push();
    net::udp::Socket& socket_;
    net::Endpoint remote_;
    Bytes payload_;
    Result<> result_;
};

inline UdpSocket::Receive UdpSocket::receive(Instant deadline) {
    return {*state_, deadline};
}
inline UdpSocket::Send UdpSocket::send_to(const net::Endpoint& remote, Bytes payload, Instant deadline) {
    return {*state_, remote, payload, deadline};
}
inline UdpSocket::Send UdpSocket::send(Bytes payload, Instant deadline) {
    return {*state_, state_->socket->remote(), payload, deadline};
}

}  // namespace holm
