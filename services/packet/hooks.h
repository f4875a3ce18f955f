#pragma once

// Where a filter looks into a router: the five places of Linux's netfilter, in the order in which a packet
// comes by them. The router calls, a filter implements; neither knows the other.
//
//   in → prerouting → (route) → forward → postrouting → out
//                        ↓ for this machine                 ↑
//                      input → [the local stack] → output ──┘

#include <cstdint>

#include "base/bytes.h"
#include "base/instant.h"
#include "services/packet/packet.h"

namespace holm::packet {

enum class Verdict : std::uint8_t {
    kAccept,  // go on; the packet may be another now: rewritten, or put together from fragments
    kDrop,
    kStolen,  // the hook has taken it (a fragment that waits for the others): it was copied, nothing to do
};

class Hooks {
  public:
    // Addresses may be changed here, before the route is looked up. `in_interface` is set. The packet may
    // become a whole datagram in memory of the filter's, valid until the next call of any hook.
    virtual Verdict prerouting(Instant now, Packet& packet) = 0;
    virtual Verdict input(Instant now, Packet& packet) = 0;
    // Both interfaces are set.
    virtual Verdict forward(Instant now, Packet& packet) = 0;
    // From the machine itself. `out_interface` is set; the destination may be changed, then the route is to
    // be looked up again.
    virtual Verdict output(Instant now, Packet& packet) = 0;
    virtual Verdict postrouting(Instant now, Packet& packet) = 0;

    // When expire() is due next; never() if nothing waits.
    virtual Instant next_deadline() const = 0;
    virtual void expire(Instant now) = 0;

  protected:
    ~Hooks() = default;
};

// What the router does for a filter.
class HookHost {
  public:
    // Sends an IP packet of the machine's own (an ICMP error, a TCP reset), by way of routing and of the
    // output and postrouting hooks once the hook that called has returned. The bytes are copied; `note` goes
    // with them.
    virtual void send(Instant now, Bytes ip_packet, const FlowNote& note) = 0;
    // The address that this machine would send from on an interface; unspecified if it has none.
    virtual net::IpAddress address_of(std::uint16_t interface, Family family) const = 0;

  protected:
    ~HookHost() = default;
};

}  // namespace holm::packet
