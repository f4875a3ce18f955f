#pragma once

// What makes a router of a stack: somebody who sees the frames before the stack does, and knows more ways
// than the stack's own table. services/route implements it.

#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/address.h"
#include "net/frame.h"

namespace holm::net::link {
class Interface;
}

namespace holm::net {

class Forwarder {
  public:
    // A frame has come. True: the forwarder has dealt with it; false: it is the stack's.
    virtual bool receive(Instant now, link::Interface& interface, const ReceivedFrame& frame) = 0;
    // Sends what is due; called in front of the stack's own transmit().
    virtual void transmit(Instant now) = 0;
    virtual Instant next_deadline() const = 0;
    // The instance ends: what hosts should be told of it is sent.
    virtual void leave(Instant now) = 0;

    // The way to a destination of this machine's own packets.
    struct Way {
        link::Interface* interface = nullptr;
        IpAddress next_hop;
    };
    virtual std::optional<Way> way_to(const IpAddress& destination) const = 0;

    // Whether it wants to see what the stack itself sends by an interface. If so, it sees datagrams whole and
    // cuts them, should the way not carry them.
    virtual bool looks_at_output(const link::Interface& interface) const = 0;
    // A packet of the stack's own is about to leave to a neighbour or a group: `pieces`, the first of which
    // is `headers` and begins with room for the Ethernet header. `most`: bytes of an IP packet that the way
    // carries, if this one is longer and is to leave in fragments; else 0. Nothing: the stack goes on. Else
    // the forwarder has dealt with it.
    virtual std::optional<TransmitResult> output(Instant now, link::Interface& interface,
                                                 const IpAddress& next_hop, MutableBytes headers,
                                                 std::span<const Bytes> pieces, const Offload& offload,
                                                 std::size_t most) = 0;

    // A packet (IP header first) was given up since its next hop does not answer. False: it is the stack's.
    virtual bool unresolved(Instant now, Bytes packet) = 0;

  protected:
    ~Forwarder() = default;
};

}  // namespace holm::net
