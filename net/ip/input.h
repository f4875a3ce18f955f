#pragma once

// What IP hands up to the transports.

#include <cstdint>

#include "base/bytes.h"
#include "net/address.h"
#include "net/frame.h"
#include "net/ip/protocol.h"

namespace holm::net::link {
class Interface;
}

namespace holm::net::ip {

// About a received datagram, beside its bytes (transport header first). Source and destination are validated:
// the source is a unicast address, the destination is ours (or a broadcast or multicast address that we
// listen to).
struct Received {
    IpAddress source;
    IpAddress destination;
    // The transport checksum needs no verification: the device vouches for it, or the packet never left this
    // host.
    bool checksum_verified = false;
    bool to_group =
        false;  // broadcast or multicast, by link or IP address: TCP ignores it, no ICMP error answers
    std::uint8_t ttl = 0;
    std::uint8_t traffic_class = 0;
    std::uint16_t segment_size =
        0;  // not 0: several segments coalesced by the device, each of this many payload bytes
    link::Interface* interface = nullptr;  // where it came in
    std::uint8_t zone = 0;                 // the number of that interface
    bool reassembled = false;              // from fragments
    // To an address that is not ours, on an interface that looks for one: for its DHCP client, nobody else.
    bool while_configuring = false;
    // IPv6: where in `datagram` the transport is named, for who does not know it.
    std::uint16_t protocol_position = 0;
    Bytes datagram;  // from the IP header on: what an ICMP error quotes
    // Keeps the bytes alive if retained; null: they live only during the call.
    BufferOwner* owner = nullptr;
};

enum class ErrorKind : std::uint8_t {
    kNetworkUnreachable,
    kHostUnreachable,
    kProtocolUnreachable,
    kPortUnreachable,
    kPacketTooBig,  // `mtu` says what would fit
    kProhibited,    // filtered by an administrator
    kTimeExceeded,
    kParameterProblem,
};

// An ICMP error about a packet that we seem to have sent. It is hearsay: the transport must check that it
// matches a socket, and TCP also that `transport` names a sequence number in flight (RFC 5927).
struct ErrorReport {
    ErrorKind kind = ErrorKind::kHostUnreachable;
    IpAddress source;  // of the packet that failed: our address
    IpAddress destination;
    std::uint16_t mtu = 0;  // kPacketTooBig only
    Bytes transport;  // what is quoted of the transport header: at least 8 bytes (ports, sequence number)
};

}  // namespace holm::net::ip
