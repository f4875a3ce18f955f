#pragma once

// A network device (devices/net_device.h) among those that the thread of the processor serves.

#include "tender/devices/net_device.h"
#include "tender/vm/devices.h"

namespace holm::tender {

class NetServer final : public Device {
  public:
    // `device` has its queues (queues.h); the tender has the ring of queue q at rings[q].
    NetServer(const holm_boot_device& device, std::span<std::byte* const, 2> rings, const BusMemory& memory)
        : net_(device, rings[HOLM_QUEUE_NET_RECEIVE], device.queues[HOLM_QUEUE_NET_RECEIVE].size,
               rings[HOLM_QUEUE_NET_TRANSMIT], device.queues[HOLM_QUEUE_NET_TRANSMIT].size, memory) {}

    bool serve() override { return net_.serve(); }
    // Whichever it was: a guest that rings does not wait, and may like to have frames too.
    void ring(unsigned) override { net_.serve(); }
    pollfd watch() const override {
        return {.fd = net_.poll_descriptor(), .events = net_.poll_events(), .revents = 0};
    }
    const char* fault() const override { return net_.broken(); }

  private:
    NetDevice net_;
};

}  // namespace holm::tender
