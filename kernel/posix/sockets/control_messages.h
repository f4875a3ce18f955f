#pragma once

// What goes with a message beside its bytes (RFC 3542, sections 4 and 6; Linux's ip(7) for IPv4): where it
// was sent to and came in, or shall leave, hop limit, traffic class.

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "kernel/posix/open_file.h"
#include "net/address.h"

struct msghdr;

namespace holm::posix {

// How one message leaves.
struct Departure {
    const net::Endpoint* destination = nullptr;  // null: the connected peer
    net::IpAddress source;                       // unspecified: the socket's, or the stack's choice
    std::uint8_t zone = 0;                       // of the interface; 0: by the routes
    std::optional<std::uint8_t> hops;
    std::optional<std::uint8_t> traffic_class;
};

// What a socket was asked to tell about messages.
struct WantedControl {
    bool destination = false;    // IP_PKTINFO, IPV6_RECVPKTINFO
    bool hops = false;           // IP_RECVTTL, IPV6_RECVHOPLIMIT
    bool traffic_class = false;  // IP_RECVTOS, IPV6_RECVTCLASS
};

// How one message has come.
struct Arrival {
    net::Endpoint source;
    bool truncated = false;  // the message was longer than the room for it
    // Of datagrams, where `wanted` says so.
    WantedControl wanted;
    net::IpAddress destination;
    std::uint8_t zone = 0, hops = 0, traffic_class = 0;
};

// Reads the control data of sendmsg. -EINVAL for what is cut off or cannot be; other kinds are refused.
Outcome read_control(const msghdr& message, int family, Departure& departure);

// Writes what was asked for into the room that recvmsg offers, and sets its length and MSG_CTRUNC.
void write_control(msghdr& message, int family, const Arrival& arrival);

}  // namespace holm::posix
