#pragma once

// A tap: one frame a read or write, each with the 12-byte virtio-net header in front (facts: host-limits,
// section 5). Frames are read in bursts and written in bursts: the kernel's paths and the stack's are each
// larger than a first-level cache, and by turns they would push each other out.

#include <array>
#include <cstdint>

#include "kernel/drivers/net/descriptor_driver.h"
#include "kernel/drivers/net/gathered_frames.h"
#include "kernel/drivers/net/landing_buffers.h"

namespace holm::drivers {

class TapDevice final : public DescriptorDriver {
  public:
    TapDevice(const platform::Gate& gate, std::int32_t handle, const net::DeviceCapabilities& capabilities)
        : DescriptorDriver(gate, handle),
          capabilities_(capabilities),
          gathered_(capabilities.udp_segmentation) {}

    unsigned receive(FrameSink& sink) override;
    net::TransmitResult transmit(const net::OutgoingFrame& frame) override;
    net::DeviceCapabilities capabilities() const override { return capabilities_; }
    void flush() override { full_ = !write_gathered(); }
    void publish() override { full_ = !write_gathered(); }

  private:
    // Bytes read before the tasks have their turn: more would have left the second-level cache by then.
    static constexpr std::size_t kEnough = std::size_t{256} * 1024;
    // Frames read before the first of them is looked at.
    static constexpr std::size_t kBurst = 32;
    // Frames handed up at once: as many as udp::Responder looks ahead at. Room for more would be cleared for
    // each burst in vain.
    static constexpr std::size_t kTogether = 8;
    // Frames in transit up to this size are copied, larger ones written from where they lie.
    static constexpr std::size_t kGatherLimit = 2048;

    // Reads into one landing buffer, small frames one behind the other; false when there is no more to read.
    bool read_burst(MutableBytes into, unsigned most);
    void deliver(MutableBytes from, net::BufferOwner* owner, FrameSink& sink) const;
    // False when the device is full: the rest stays.
    bool write_gathered();
    // A frame in transit, with its header in front of it where it lies.
    net::TransmitResult write_in_place(const net::OutgoingFrame& frame);
    net::TransmitResult write_large(const net::OutgoingFrame& frame);
    // What a write's result says of the device; a frame may also be lost: the interface is down, the host has
    // no memory.
    net::TransmitResult judge(long result);

    net::DeviceCapabilities capabilities_;
    LandingBuffers landing_;
    struct Piece {
        std::uint32_t start;
        std::uint32_t size;  // bytes, virtio-net header included
    };
    std::array<Piece, kBurst> burst_;
    unsigned burst_size_ = 0;

    // Frames up to its capacity are copied there until publish(): one write() of contiguous bytes is cheaper
    // than a writev().
    GatheredFrames gathered_;
};

}  // namespace holm::drivers
