#pragma once

// virtio-mmio, as version 1 of the standard has it (virtio 1.2, 4.2).

#include "kernel/drivers/virtio/registers.h"
#include "kernel/drivers/virtio/transport.h"

namespace holm::drivers {

class MmioTransport final : public Transport {
  public:
    // `physical` is where the registers lie for others.
    MmioTransport(Registers& registers, std::uint64_t physical)
        : Transport(registers, kOffsets), physical_(physical) {}

    // Errors: kNoDevice (not such a device, or a place without one), kUnsupported.
    Result<> identify();

    // An interrupt is acknowledged by writing kEverything here.
    std::uint64_t acknowledge_address() const { return physical_ + kInterruptAcknowledge; }
    static constexpr std::uint32_t kEverything = 3;

    std::uint32_t type() override { return registers_.read32(kDeviceId); }
    std::uint8_t status() override { return static_cast<std::uint8_t>(registers_.read32(kStatus)); }
    void set_status(std::uint8_t status) override { registers_.write32(kStatus, status); }
    std::uint8_t config8(std::uint32_t offset) override { return registers_.read8(kConfig + offset); }
    std::uint32_t queue_limit(std::uint16_t queue) override;
    Result<Doorbell> enable_queue(std::uint16_t queue, std::uint32_t size,
                                  const Virtqueue::BusAddresses& where) override;

  private:
    static constexpr std::uint32_t kMagic = 0x000;
    static constexpr std::uint32_t kVersion = 0x004;
    static constexpr std::uint32_t kDeviceId = 0x008;
    static constexpr std::uint32_t kQueueSelect = 0x030;
    static constexpr std::uint32_t kQueueSizeMax = 0x034;
    static constexpr std::uint32_t kQueueSize = 0x038;
    static constexpr std::uint32_t kQueueReady = 0x044;
    static constexpr std::uint32_t kQueueNotify = 0x050;
    static constexpr std::uint32_t kInterruptAcknowledge = 0x064;
    static constexpr std::uint32_t kStatus = 0x070;
    static constexpr std::uint32_t kConfig = 0x100;
    static constexpr Offsets kOffsets{.device_features_select = 0x014,
                                      .device_features = 0x010,
                                      .driver_features_select = 0x024,
                                      .driver_features = 0x020,
                                      .queue_descriptors = 0x080,
                                      .queue_available = 0x090,
                                      .queue_used = 0x0a0};

    std::uint64_t physical_;
};

}  // namespace holm::drivers
