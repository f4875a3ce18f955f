#pragma once

// Ties the DHCPv6 client of an interface to the layers that carry its messages, and its lease to the
// interface.

#include <array>
#include <cstdint>

#include "base/instant.h"
#include "net/dhcp/client_v6.h"
#include "net/drop.h"
#include "net/ip/input.h"
#include "net/ip/layer.h"
#include "net/link/interface.h"

namespace holm::net::dhcp {

class BindingV6 {
  public:
    BindingV6(link::Interface& interface, const SipHashKey& key)
        : interface_(interface), client_(interface.mac(), key) {}

    link::Interface& interface() { return interface_; }
    ClientV6& client() { return client_; }
    const ClientV6& client() const { return client_; }

    // True if the datagram was for the client.
    bool receive(Instant now, const ip::Received& received, Bytes datagram, Counters& counters);
    // Sends what is due and applies what has changed. True if the lease or the DNS servers have.
    bool transmit(Instant now, ip::Layer& ip);
    // The instance ends: the server is told that the addresses are free. The interface keeps what it has, to
    // send with.
    void release(Instant now, ip::Layer& ip);
    Instant next_deadline() const;

  private:
    bool is_applied(const IpAddress& address) const;
    void apply(Instant now);
    void send(Instant now, ip::Layer& ip, const wire::Dhcpv6Request& message);

    link::Interface& interface_;
    ClientV6 client_;
    // The lease's addresses that the interface has.
    std::array<IpAddress, wire::kDhcpv6Addresses> applied_;
    std::uint32_t changes_seen_ = 0;
};

}  // namespace holm::net::dhcp
