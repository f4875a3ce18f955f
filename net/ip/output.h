#pragma once

// The seam between the transports and IP. TCP and UDP see the network only through IpOutput; their tests
// implement it with a fake.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "net/address.h"
#include "net/frame.h"
#include "net/ip/protocol.h"
#include "net/multicast/source_filter.h"

namespace holm::net::ip {

// What a transport needs to know of the way to a destination.
struct Route {
    IpAddress source;  // the address to send from
    // Not 0: the destination is of link scope, and this is its zone.
    std::uint8_t zone = 0;
    std::uint16_t mtu = 1500;  // bytes of an IP packet that is not segmented by the device
    bool checksum = false;     // the device completes transport checksums: computing one would be waste
    std::uint32_t receive_limit =
        ~0u;  // bytes that the peer may have on its way to us without the device dropping some
    bool segmentation = false;  // the device segments TCP: one Packet may carry up to kMaximumTransport bytes
};

inline constexpr std::size_t kMaximumTransport =
    65'535 - 20;                                            // transport header + payload of one IPv4 packet
inline constexpr std::size_t kMaximumTransportHeader = 60;  // the longest TCP header
inline constexpr std::size_t kMaximumPayloadPieces = 30;

// One transport segment or datagram on its way out. Everything is read (and the checksum written) during
// send(); nothing is kept by reference afterwards, but for payload that stays.
struct Packet {
    Protocol protocol = Protocol::kTcp;
    IpAddress source;
    IpAddress destination;
    // Transport header, at most kMaximumTransportHeader bytes. send() fills in the checksum field, which must
    // hold zero, as cheaply as the device allows.
    MutableBytes header;
    std::uint16_t checksum_offset = 16;  // bytes from the start of `header`: TCP 16, UDP 6, ICMP 2
    std::span<const Bytes> payload;      // at most kMaximumPayloadPieces, where they lie
    std::uint16_t segment_size = 0;  // TCP payload bytes a segment (MSS) if the device shall segment, else 0
    bool dont_fragment = true;       // a packet beyond the MTU: refused and counted if set, else fragmented
    std::uint8_t ttl = 64;
    std::uint8_t traffic_class = 0;  // DSCP and ECN bits
    bool payload_stays = false;      // as Offload::payload_stays
    bool to_own_members = true;      // to a group: those on this host hear it too
    // What was sent there before has arrived: the neighbour that it went through answers (RFC 4861,
    // section 7.3.1).
    bool progress = false;
};

class IpOutput {
  public:
    // kSent: the packet is on its way, waits for address resolution, or was dropped as networks may drop.
    // kFull: nothing was taken; the stack calls the transport's transmit() again once the device has room.
    // kGone: the device has vanished.
    virtual TransmitResult send(Instant now, const Packet& packet) = 0;

    // The way to a destination, from `source` if that is not unspecified (then it must be one of our own).
    // Errors: kNetworkUnreachable, kAddressUnavailable, kNetworkDown.
    virtual Result<Route> route(const IpAddress& destination, const IpAddress& source = {}) const = 0;

  protected:
    ~IpOutput() = default;
};

// Who looks after the multicast groups that sockets listen to.
class Groups {
  public:
    // The interface that packets to the group leave by: that of its zone, if it has one. Errors: kInvalid for
    // what is no group, kNoDevice.
    virtual Result<std::uint8_t> zone_of_group(const IpAddress& group) const = 0;
    // Has the interface of this zone listen. `member`: who does not want to hear all that send to the group,
    // see multicast::Membership. Errors: kNoDevice, kNoBuffers when an interface has too many.
    virtual Result<> join_group(const IpAddress& group, std::uint8_t zone,
                                multicast::FilteringMember* member) = 0;
    virtual void leave_group(const IpAddress& group, std::uint8_t zone,
                             multicast::FilteringMember* member) = 0;
    virtual void group_filter_changed(const IpAddress& group, std::uint8_t zone) = 0;

  protected:
    ~Groups() = default;
};

}  // namespace holm::net::ip
