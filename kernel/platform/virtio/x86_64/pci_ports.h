#pragma once

// The configuration space of PCI functions through ports (PCI Local Bus 3.0, 3.2.2.3.2).

#include "kernel/drivers/virtio/registers.h"
#include "kernel/platform/virtio/x86_64/ports.h"

namespace holm::platform {

class PciPorts final : public drivers::Registers {
  public:
    explicit PciPorts(std::uint8_t bus = 0, std::uint8_t device = 0, std::uint8_t function = 0)
        : select_(1u << 31 | std::uint32_t{bus} << 16 | std::uint32_t{device} << 11 |
                  std::uint32_t{function} << 8) {}

    // False: the machine has no such ports.
    static bool present() {
        if (in32(kAddress) == 0xffffffff) return false;  // nobody there; one exit instead of two
        out32(kAddress, 1u << 31);
        return in32(kAddress) == 1u << 31;
    }

    std::uint32_t read(std::uint32_t offset, unsigned bytes) override {
        out32(kAddress, select_ | (offset & 0xfc));
        const auto port = static_cast<std::uint16_t>(kData + offset % 4);
        return bytes == 1 ? in8(port) : bytes == 2 ? in16(port) : in32(port);
    }
    void write(std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
        out32(kAddress, select_ | (offset & 0xfc));
        const auto port = static_cast<std::uint16_t>(kData + offset % 4);
        if (bytes == 1) out8(port, static_cast<std::uint8_t>(value));
        if (bytes == 2) out16(port, static_cast<std::uint16_t>(value));
        if (bytes == 4) out32(port, value);
    }

  private:
    static constexpr std::uint16_t kAddress = 0xcf8;
    static constexpr std::uint16_t kData = 0xcfc;
    std::uint32_t select_;
};

}  // namespace holm::platform
