#pragma once

// Where the frames of a network device go to and come from: a tap, or a stream socket of passt. Frames are
// gathered from and scattered to memory of the guest by the kernel; a virtio-net header stands in front of
// each.

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/uio.h>

#include "abi/boot_info.h"
#include "tender/devices/virtqueue.h"

namespace holm::tender {

class NetBackend {
  public:
    static constexpr std::size_t kHeaderSize = 12;
    static constexpr std::size_t kMaximumFrame = 14 + 65'535;  // without the header
    static constexpr std::size_t kMaximumPieces = 256;         // that receive() may be given

    enum class Outcome : std::uint8_t {
        kDone,
        kAgain,  // no room, or nothing there: call again when the descriptor is ready
        kGone,   // the interface or the other end has vanished
    };

    NetBackend() = default;
    // `transport`: HOLM_TRANSPORT_TAP or HOLM_TRANSPORT_STREAM; the descriptor is non-blocking.
    NetBackend(holm_transport transport, int descriptor)
        : is_stream_(transport == HOLM_TRANSPORT_STREAM), descriptor_(descriptor) {}

    int descriptor() const { return descriptor_; }
    bool is_stream() const { return is_stream_; }

    // Sends `size` bytes, header included, in at most Virtqueue::kMaximumPieces pieces. A frame that nobody
    // can send is lost (kDone), as frames may be. After kAgain, the same frame is to come again.
    Outcome send(std::span<const iovec> frame, std::size_t size);

    // Receives one frame into the buffers, which hold at least kHeaderSize + kMaximumFrame bytes; `size`
    // counts the header, of which only a tap fills in the first 10 bytes. After kAgain, the same buffers are
    // to come again: the first part of a frame may lie there already.
    Outcome receive(std::span<const iovec> buffers, std::size_t& size);

  private:
    static constexpr std::size_t kLengthSize = 4;  // in front of a frame on a stream, big-endian

    Outcome send_to_stream(std::span<const iovec> frame, std::size_t size);
    Outcome receive_from_stream(std::span<const iovec> buffers, std::size_t& size);
    Outcome receive_length();

    bool is_stream_ = false;
    int descriptor_ = -1;
    std::size_t sent_ = 0;  // bytes of the frame that is being sent, its length included
    std::uint8_t length_[kLengthSize] = {};
    std::size_t length_received_ = 0;
    std::size_t frame_received_ = 0;  // bytes of the frame behind `length_`
};

}  // namespace holm::tender
