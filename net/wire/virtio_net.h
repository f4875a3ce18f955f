#pragma once

// The 12-byte header in front of each frame (virtio 1.2, section 5.1.6; little-endian). A tap with
// IFF_VNET_HDR and a header size of 12 speaks the same.

#include <cstdint>

#include "base/bytes.h"
#include "net/drop.h"
#include "net/frame.h"

namespace holm::net::wire {

inline constexpr std::size_t kVirtioNetHeaderSize = 12;

// Reads the header and checks it against the frame that follows it: a device is another party, its numbers
// are not trusted. `header` is exactly kVirtioNetHeaderSize bytes.
Parsed<Offload> parse_virtio_net(Bytes header, std::size_t frame_size);

// Over how many receive buffers the device has spread the frame (VIRTIO_NET_F_MRG_RXBUF). Not checked.
// Precondition: header.size() >= kVirtioNetHeaderSize.
std::uint16_t virtio_net_buffers(Bytes header);

// Precondition: header.size() >= kVirtioNetHeaderSize.
void emit_virtio_net(const Offload& offload, MutableBytes header);

}  // namespace holm::net::wire
