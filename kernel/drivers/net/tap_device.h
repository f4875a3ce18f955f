#pragma once

// A tap: one frame a read or write, each with the 12-byte virtio-net header in front (facts: host-limits,
// section 5).

#include <memory>

#include "kernel/drivers/net/descriptor_driver.h"
#include "kernel/drivers/net/landing_buffers.h"

namespace holm::drivers {

class TapDevice final : public DescriptorDriver {
  public:
    // Frames up to this size are gathered into one buffer: one write() of contiguous bytes is cheaper than a
    // writev().
    static constexpr std::size_t kCopyLimit = std::size_t{16} * 1024;

    TapDevice(const platform::Gate& gate, std::int32_t handle, const net::DeviceCapabilities& capabilities)
        : DescriptorDriver(gate, handle), capabilities_(capabilities) {}

    unsigned receive(FrameSink& sink) override;
    net::TransmitResult transmit(const net::OutgoingFrame& frame) override;
    net::DeviceCapabilities capabilities() const override { return capabilities_; }
    void flush() override { full_ = false; }  // a frame is taken whole or not at all

  private:
    long write(const net::OutgoingFrame& frame);

    net::DeviceCapabilities capabilities_;
    LandingBuffers landing_;
    std::unique_ptr<std::byte[]> gather_;  // kCopyLimit bytes, header included
};

}  // namespace holm::drivers
