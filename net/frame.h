#pragma once

// Frames as they enter and leave the stack. The device's offloads travel with each frame in the terms of the
// virtio-net header (virtio 1.2, section 5.1.6), on every platform.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace holm::net {

enum class Segmentation : std::uint8_t { kNone = 0, kTcp4 = 1, kUdp = 3, kTcp6 = 4, kUdpSegments = 5 };

// What the virtio-net header says of a frame, in host order and already validated against the frame's length.
struct Offload {
    bool needs_checksum =
        false;  // the checksum field at checksum_start + checksum_offset holds only the pseudo header's sum
    bool checksum_valid = false;  // received: the device vouches for the transport checksum
    Segmentation segmentation = Segmentation::kNone;
    std::uint16_t header_length = 0;    // bytes of Ethernet + IP + transport headers, when segmented
    std::uint16_t segment_size = 0;     // bytes of payload a segment carries (MSS), when segmented
    std::uint16_t checksum_start = 0;   // bytes from the start of the Ethernet header
    std::uint16_t checksum_offset = 0;  // bytes from checksum_start
    // To be sent: all pieces but the first stay as they are until OutgoingReferences says that they were
    // read.
    bool payload_stays = false;

    // Received: payload bytes of each packet that the device has joined into this frame; 0 if it is one
    // packet. (kUdp means one large datagram that was never cut.)
    std::uint16_t coalesced() const {
        return segmentation == Segmentation::kUdp ? std::uint16_t{0} : segment_size;
    }
};

// Memory that outlives the call in which it was handed over, because someone counts its users. The device
// driver implements it for its receive buffers, the library OS for files of the embedded tree (where both
// calls do nothing).
class BufferOwner {
  public:
    virtual void retain() = 0;
    virtual void release() = 0;

  protected:
    ~BufferOwner() = default;
};

// A received frame: Ethernet header first. `owner` may be null: then the bytes live only until receive()
// returns.
struct ReceivedFrame {
    Bytes bytes;
    Offload offload;
    BufferOwner* owner = nullptr;
    // The memory that `bytes` is the end of, for who sends the frame on: it may be changed until receive()
    // returns. Empty: the frame is not to be written to.
    MutableBytes memory = {};
};

// A frame to send, gathered from pieces (headers first, then payload where it lies). Total 14 bytes to 64 KiB
// + headers.
struct OutgoingFrame {
    std::span<const Bytes> pieces;
    Offload offload;
    // A frame in transit, which is one piece: memory in front of it that a device may write its header into,
    // and who keeps the bytes alive if retained (null: they live until transmit() returns).
    MutableBytes headroom = {};
    BufferOwner* owner = nullptr;
};

enum class TransmitResult : std::uint8_t {
    kSent,  // the device has it (or has dropped it, as networks may)
    kFull,  // nothing was taken: call again after the device became writable
    kGone,  // the device has vanished; it will not come back
};

// What the device can do for the stack.
struct DeviceCapabilities {
    std::uint16_t mtu = 1500;        // bytes of an IP packet
    bool checksum = false;           // completes checksums on transmit, vouches for them on receive
    bool tcp4_segmentation = false;  // TSO
    bool tcp6_segmentation = false;
    bool udp_segmentation = false;  // USO: frames of kUdpSegments, of both families
    // Bytes that may be on their way to us at a time before the device drops some: no TCP peer is offered
    // more.
    std::uint32_t receive_limit = ~0u;
};

class OutgoingReferences;

// One network device as the stack sees it. transmit() must not call back into the stack.
class LinkDevice {
  public:
    // Where a device that reads payload later than transmit() says so; others copy, or read at once.
    virtual void set_references(OutgoingReferences&) {}
    virtual TransmitResult transmit(const OutgoingFrame& frame) = 0;
    virtual DeviceCapabilities capabilities() const = 0;

  protected:
    ~LinkDevice() = default;
};

}  // namespace holm::net
