#pragma once

// The device behind 127.0.0.1 and behind our own addresses: frames sent come back as frames received.
//
// Bound: kQueueBytes of frames on their way, allocated at first use; beyond it the sender waits, as with any
// device.

#include "net/frame.h"
#include "net/record_queue.h"

namespace holm::net::link {

class LoopbackDevice final : public LinkDevice {
  public:
    static constexpr std::size_t kQueueBytes = 256 * 1024;

    TransmitResult transmit(const OutgoingFrame& frame) override;
    DeviceCapabilities capabilities() const override {
        return {.mtu = 65'535, .checksum = true, .tcp4_segmentation = false, .tcp6_segmentation = false};
    }

    bool has_frame() const { return !queue_.empty(); }
    // The oldest frame, valid until pop(). Precondition: has_frame().
    ReceivedFrame front();
    void pop() { queue_.pop(); }

  private:
    RecordQueue queue_{kQueueBytes};
};

}  // namespace holm::net::link
