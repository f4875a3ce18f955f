#pragma once

// The network of a core: its slice of the TCP/IP stack, bound to the devices that the instance was granted
// and to the executor. It comes to life when it is first asked for, so an image that asks for none does not
// contain it.

#include <array>
#include <memory>
#include <span>

#include "base/observer.h"
#include "base/result.h"
#include "kernel/network/port.h"
#include "kernel/network/tcp_listener.h"
#include "kernel/network/tcp_stream.h"
#include "kernel/network/udp_socket.h"
#include "kernel/task/event.h"
#include "kernel/task/poller.h"
#include "kernel/task/task.h"
#include "net/stack.h"

namespace holm {

class Network final : private Poller, private Observer {
  public:
    static constexpr std::uint16_t kBacklog = 1024;  // connections that may wait for accept()

    // Precondition: the core has an executor, a random generator and its boot info. Null when there is no
    // memory.
    static Network* create(Core& core);
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    // Listens on a TCP port of all addresses, or of one. Errors: kAddressInUse, kOutOfMemory.
    Result<TcpListener> listen(std::uint16_t port, std::uint16_t backlog = kBacklog);
    Result<TcpListener> listen(const net::Endpoint& local, std::uint16_t backlog = kBacklog);

    // Connects; the result comes when the handshake is over. Errors: those of tcp::Layer::connect(), then
    // kConnectionRefused, kHostUnreachable, kTimedOut and the like.
    Task<Result<TcpStream>> connect(net::Endpoint remote, Instant deadline = Instant::never());

    // A UDP socket on a port of all addresses (0: a random one), or of one. Errors: kTooManyOpen,
    // kOutOfMemory, those of udp::Socket::bind().
    Result<UdpSocket> open_udp(std::uint16_t port = 0);
    Result<UdpSocket> open_udp(const net::Endpoint& local);

    // Set once every interface has an address: at once, or when DHCP has found one. `co_await
    // configured().wait()` before connecting to somewhere; a listener need not wait.
    Event& configured() { return configured_; }

    // DNS servers, as the operator, the image or DHCP named them; unspecified where there are none.
    std::array<net::IpAddress, 2> dns() const;

    net::Stack& stack() { return stack_; }
    std::span<const std::unique_ptr<Port>> ports() const { return {ports_.data(), port_count_}; }

  private:
    explicit Network(const net::Stack::Configuration& configuration) : stack_(configuration) {}
    void attach(Core& core);
    bool receive(Instant) override { return false; }
    void transmit(Instant now) override;
    Instant next_deadline() override { return stack_.next_deadline(); }
    platform::Readiness readiness() override { return {}; }
    // The stack has another address.
    void notify() override;

    net::Stack stack_;
    std::array<std::unique_ptr<Port>, net::ip::Layer::kMaximumInterfaces - 1> ports_;
    std::size_t port_count_ = 0;
    Event configured_;
    std::array<net::IpAddress, 2> dns_{net::IpAddress::any_v4(), net::IpAddress::any_v4()};
};

// The network of this core. Panics when there is no memory for one.
Network& network();

}  // namespace holm
