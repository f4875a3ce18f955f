#pragma once

// Frames over a stream socket, each behind its length as four big-endian bytes: how passt (and QEMU's
// "stream" network) speaks. No virtio header, so no offloads.

#include <memory>

#include "kernel/drivers/net/descriptor_driver.h"
#include "kernel/drivers/net/landing_buffers.h"

namespace holm::drivers {

class StreamDevice final : public DescriptorDriver {
  public:
    static constexpr std::size_t kLengthSize = 4;
    static constexpr std::size_t kMaximumFrame = 14 + 65'535;
    // passt drops frames that its socket does not take at once, and repeats them after two seconds. A socket
    // of Linux's default size (208 KiB, of which each 1500-byte frame uses 2.25 KiB) holds so many bytes of
    // them.
    static constexpr std::uint32_t kReceiveLimit = 96 * 1024;

    StreamDevice(const platform::Gate& gate, std::int32_t handle, std::uint16_t mtu)
        : DescriptorDriver(gate, handle), mtu_(mtu) {}

    unsigned receive(FrameSink& sink) override;
    net::TransmitResult transmit(const net::OutgoingFrame& frame) override;
    net::DeviceCapabilities capabilities() const override {
        return {.mtu = mtu_, .receive_limit = kReceiveLimit};
    }
    void flush() override { full_ = !write_rest(); }

  private:
    unsigned deliver(FrameSink& sink);
    bool write_rest();

    std::uint16_t mtu_;

    // What has been received of the stream: whole frames are handed over where they lie, the start of the
    // next one stays in front.
    LandingBuffers landing_;
    LandingBuffers::Landing input_;
    std::size_t input_start_ = 0;  // first byte that was not handed over
    std::size_t input_end_ = 0;    // one past the last byte received

    // The rest of a frame of which the socket took only a part.
    std::unique_ptr<std::byte[]> output_;
    std::size_t output_start_ = 0;
    std::size_t output_end_ = 0;
};

}  // namespace holm::drivers
