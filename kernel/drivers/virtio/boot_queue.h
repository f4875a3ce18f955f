#pragma once

// A virtqueue that the boot info names (HOLM_TRANSPORT_RING): nothing to discover, nothing to negotiate.

#include <cstdint>

#include "abi/boot_info.h"
#include "kernel/drivers/virtio/virtqueue.h"

namespace holm::drivers {

class BootQueue final : public Notifier {
  public:
    BootQueue(const holm_boot_queue& queue, std::uint64_t bus_offset, bool event_index = true)
        : queue_(queue), bus_offset_(bus_offset), event_index_(event_index) {}

    Virtqueue::Setup setup() const {
        return {.memory = reinterpret_cast<std::byte*>(queue_.ring),
                .size = queue_.size,
                .bus_offset = bus_offset_,
                .event_index = event_index_};
    }

    void notify() override {
        *reinterpret_cast<volatile std::uint32_t*>(queue_.notify) = queue_.notify_value;
    }

  private:
    holm_boot_queue queue_;
    std::uint64_t bus_offset_;
    bool event_index_;
};

}  // namespace holm::drivers
