#pragma once

// Datagrams of one flow that go to the device as one frame, which cuts them apart again
// (Segmentation::kUdpSegments, VIRTIO_NET_F_HOST_USO): as if their sender had handed them over together. All
// carry as many bytes as the first, but for the last, which may carry fewer.

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "net/frame.h"

namespace holm::net::link {

class DatagramTrain {
  public:
    // Datagrams: what any Linux that knows such frames takes (UDP_MAX_SEGMENTS was 64 at first).
    static constexpr unsigned kMaximumDatagrams = 64;
    static constexpr std::size_t kMaximumPayload =
        65'000;  // bytes: length fields hold 65,535, headers and all

    // The train of one that a frame of `size` bytes is: a datagram, whole and not padded, whose checksum is
    // left to the device. (What comes with a checksum does not get another one, which would vouch for bytes
    // that nobody has looked at.) `beginning`: its first bytes, all headers among them.
    static std::optional<DatagramTrain> of(Bytes beginning, std::size_t size, const Offload& offload);

    // Bytes of all headers; what follows is payload.
    std::size_t headers() const { return headers_; }
    unsigned datagrams() const { return datagrams_; }
    // Nothing can follow a shorter datagram.
    bool open() const { return open_ && datagrams_ < kMaximumDatagrams; }

    // Of the same flow, with headers that differ in nothing that the device does not write itself.
    bool same_flow(Bytes own_headers, const DatagramTrain& next, Bytes next_headers) const;
    // Takes a datagram of the same flow; false if it does not fit behind the others, and then nothing does
    // any more. Precondition: open().
    bool take(Bytes own_headers, const DatagramTrain& next, Bytes next_headers);

    // Has the headers of the first say how much follows; returns what the device shall do with the frame.
    // Precondition: more than one datagram.
    Offload finish(MutableBytes headers) const;

  private:
    std::uint32_t flow_ = 0;  // ports: tells most flows apart
    std::uint16_t headers_ = 0;
    std::uint16_t segment_ = 0;  // bytes of payload of each but the last
    std::uint32_t payload_ = 0;  // bytes of all
    std::uint8_t datagrams_ = 1;
    bool v4_ = true;
    bool open_ = true;
};

}  // namespace holm::net::link
