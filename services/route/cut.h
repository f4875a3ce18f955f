#pragma once

// What a router does to packets that the next link or its device does not take as they are: checksums are
// finished, super-frames become segments, IPv4 packets become fragments (RFC 791). IPv6 packets are
// fragmented only if they came as fragments and were put together by a filter.

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "services/packet/packet.h"

namespace holm::route {

// Where the pieces go.
class PieceSink {
  public:
    // `memory` ends with an IP packet of `size` bytes and has Cutter::kHeadroom bytes in front of it. Its
    // checksums are complete.
    virtual void piece(MutableBytes memory, std::size_t size) = 0;

  protected:
    ~PieceSink() = default;
};

// Finishes, in place, the transport checksum of a packet whose device was asked to do so. For packets that
// are no super-frames.
void finish_checksum(packet::Packet& packet);

// Bytes of IP header and transport header of a super-frame; 0 if they are not there, or nobody cuts such.
std::size_t segment_headers(const packet::Packet& packet);

class Cutter {
  public:
    static constexpr std::size_t kHeadroom = 48;  // Ethernet, a VLAN's tag, the device's header, and some
    static constexpr std::size_t kRoom = kHeadroom + 14 + 4 + 65'535;  // for any frame

    // A super-frame as its segments, each of which is fragmented if it is longer than `mtu` and may be.
    // False: no memory, or a packet that is no super-frame.
    bool segment(const packet::Packet& packet, std::size_t mtu, std::uint32_t identification,
                 PieceSink& sink);
    // An IP packet, header first and nothing behind it, as fragments of at most `mtu` bytes. False: no
    // memory, or an MTU in which nothing fits. `identification`: for IPv6.
    bool fragment(Bytes packet, std::size_t mtu, std::uint32_t identification, PieceSink& sink);

  private:
    bool fragment_v4(Bytes packet, std::size_t mtu, PieceSink& sink);
    bool fragment_v6(Bytes packet, std::size_t mtu, std::uint32_t identification, PieceSink& sink);
    // Room for one packet: the first of two for segments, the second for fragments, so that a segment can be
    // fragmented. Empty: no memory.
    MutableBytes room(std::size_t which);

    std::unique_ptr<std::byte[]> memory_;
};

}  // namespace holm::route
