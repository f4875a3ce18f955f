#pragma once

// virtio-pci, modern (virtio 1.2, 4.1): where the parts of a device's registers lie is told by capabilities.

#include "kernel/drivers/virtio/pci_function.h"
#include "kernel/drivers/virtio/transport.h"

namespace holm::drivers {

// Physical addresses; what the capabilities say, checked.
struct PciLayout {
    struct Part {
        std::uint64_t address = 0;
        std::uint32_t size = 0;
    };
    Part common, notify, device;
    std::uint32_t notify_multiplier = 0;
    std::uint64_t message_table = 0;  // MSI-X, 0: it has none
    std::uint8_t message_capability = 0;

    // Errors: kUnsupported (no modern device), kProtocol.
    static Result<PciLayout> read(PciFunction& function);
};

// Interrupts of a function by message: its first, and only that one, with this address and data.
void enable_message(PciFunction& function, const PciLayout& layout, Registers& table, std::uint64_t address,
                    std::uint32_t data);

class PciTransport final : public Transport {
  public:
    // `common` and `device` are the registers of two of the layout's parts.
    PciTransport(std::uint32_t type, const PciLayout& layout, Registers& common, Registers& device)
        : Transport(common, kOffsets), type_(type), layout_(layout), device_(device) {}

    // The type of a virtio function; kVirtioTypeNone: it is something else.
    static std::uint32_t type_of(PciFunction& function);

    std::uint32_t type() override { return type_; }
    std::uint8_t status() override { return registers_.read8(kStatus); }
    void set_status(std::uint8_t status) override { registers_.write8(kStatus, status); }
    std::uint8_t config8(std::uint32_t offset) override {
        return offset < layout_.device.size ? device_.read8(offset) : 0;
    }
    std::uint32_t queue_limit(std::uint16_t queue) override;
    Result<Doorbell> enable_queue(std::uint16_t queue, std::uint32_t size,
                                  const Virtqueue::BusAddresses& where) override;

  private:
    static constexpr std::uint32_t kStatus = 0x14;
    static constexpr std::uint32_t kQueueSelect = 0x16;
    static constexpr std::uint32_t kQueueSize = 0x18;
    static constexpr std::uint32_t kQueueMessage = 0x1a;
    static constexpr std::uint32_t kQueueEnable = 0x1c;
    static constexpr std::uint32_t kQueueNotifyOffset = 0x1e;
    static constexpr Offsets kOffsets{.device_features_select = 0x00,
                                      .device_features = 0x04,
                                      .driver_features_select = 0x08,
                                      .driver_features = 0x0c,
                                      .queue_descriptors = 0x20,
                                      .queue_available = 0x28,
                                      .queue_used = 0x30};

    std::uint32_t type_;
    PciLayout layout_;
    Registers& device_;
};

}  // namespace holm::drivers
