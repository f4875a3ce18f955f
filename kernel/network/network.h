#pragma once

// The network of a core: its slice of the TCP/IP stack, bound to the devices that the instance was granted
// and to the executor. It comes to life when it is first asked for, so an image that asks for none does not
// contain it.

#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "base/observer.h"
#include "base/result.h"
#include "kernel/network/devices.h"
#include "kernel/network/port.h"
#include "kernel/network/resolver.h"
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
    static constexpr Duration kFarewell = Duration::milliseconds(10);  // at most, at the end

    // Precondition: the core has an executor, a random generator and its boot info. Null when there is no
    // memory.
    static Network* create(Core& core);
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    // Listens on a TCP port of all addresses of both families, or of one. Errors: kAddressInUse,
    // kOutOfMemory.
    Result<TcpListener> listen(std::uint16_t port, std::uint16_t backlog = kBacklog);
    Result<TcpListener> listen(const net::Endpoint& local, std::uint16_t backlog = kBacklog);

    // Connects; the result comes when the handshake is over. Errors: those of tcp::Layer::connect(), then
    // kConnectionRefused, kHostUnreachable, kTimedOut and the like.
    Task<Result<TcpStream>> connect(net::Endpoint remote, Instant deadline = Instant::never());

    // Connects to a host by name or address, whichever of its addresses answers first (RFC 8305), once the
    // interfaces have addresses. Errors: those of Resolver::resolve(), then as above.
    Task<Result<TcpStream>> connect(std::string_view host, std::uint16_t port,
                                    Instant deadline = Instant::never());
    // The addresses of a host, best first. The name must live as long as the task.
    Task<Result<ResolvedAddresses>> resolve(std::string_view name);
    // What asks the DNS servers that are known now.
    Resolver& resolver();

    // A UDP socket on a port of all addresses of both families (0: a random one), or of one. Errors:
    // kTooManyOpen, kOutOfMemory, those of udp::Socket::bind().
    Result<UdpSocket> open_udp(std::uint16_t port = 0);
    Result<UdpSocket> open_udp(const net::Endpoint& local);

    // Set once every interface has an address that reaches beyond its link: at once, or when DHCP or a router
    // has named one. `co_await configured().wait()` before connecting to somewhere; a listener need not wait.
    Event& configured() { return configured_; }

    // DNS servers, as the operator, the image, routers or DHCP named them; unspecified where there are none.
    std::array<net::IpAddress, 4> dns() const;

    net::Stack& stack() { return stack_; }
    std::span<const std::unique_ptr<Port>> ports() const { return {ports_.data(), port_count_}; }

  private:
    Network(const net::Stack::Configuration& configuration, const SipHashKey& key)
        : stack_(configuration), resolver_(stack_, key) {
        resolver_.configure({.search_from_network = true});
    }
    void attach(Core& core);
    // The instance ends: leases are given back.
    void leave(Executor& executor);
    Result<net::Interface*> add_interface(Instant now, Port& port, const NetAddresses& addresses);
    void start_ipv6(Core& core, const NetAddresses& addresses, const holm_boot_device& device,
                    net::Interface& interface);
    bool receive(Instant) override { return false; }
    void transmit(Instant now) override;
    Instant next_deadline() override { return stack_.next_deadline(); }
    platform::Readiness readiness() override { return {}; }
    // The stack has another address.
    void notify() override;

    net::Stack stack_;
    Resolver resolver_;
    std::array<std::unique_ptr<Port>, net::ip::Layer::kMaximumInterfaces - 1> ports_;
    std::size_t port_count_ = 0;
    Event configured_;
    std::array<net::IpAddress, 4> dns_{};
};

// The network of this core. Panics when there is no memory for one.
Network& network();

}  // namespace holm
