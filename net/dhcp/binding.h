#pragma once

// Ties the DHCP client of an interface to the layers that carry its messages.

#include <cstdint>

#include "base/instant.h"
#include "net/dhcp/client.h"
#include "net/drop.h"
#include "net/ip/input.h"
#include "net/ip/layer.h"
#include "net/link/interface.h"

namespace holm::net::dhcp {

class Binding {
  public:
    Binding(link::Interface& interface, link::AddressPolicy policy, const SipHashKey& key)
        : interface_(interface), policy_(policy), client_(interface.mac(), key) {}

    link::Interface& interface() { return interface_; }
    link::AddressPolicy policy() const { return policy_; }
    Client& client() { return client_; }
    const Client& client() const { return client_; }

    void start(Instant now);
    // True if the datagram was for the client.
    bool receive(Instant now, const ip::Received& received, Bytes datagram, Counters& counters);
    // Sends what is due. True if the lease has come, changed or gone since the last time.
    bool transmit(Instant now, ip::Layer& ip);
    // The instance ends: the server is told that the address is free. The interface keeps what it has, to
    // send with.
    void release(Instant now, ip::Layer& ip);

  private:
    void send(Instant now, ip::Layer& ip, const Client::Outgoing& out);

    link::Interface& interface_;
    link::AddressPolicy policy_;
    Client client_;
    std::uint32_t changes_seen_ = 0;
};

}  // namespace holm::net::dhcp
