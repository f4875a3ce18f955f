#pragma once

// What ACPI's tables say (ACPI 6.4) that an image can use without running their bytecode: how to switch off,
// where the power button is, and which virtio-mmio devices there are. Hostile; what makes no sense is left
// out, as on a machine without ACPI.

#include <array>
#include <cstdint>

#include "kernel/platform/virtio/command_line.h"
#include "kernel/platform/virtio/physical_memory.h"
#include "kernel/platform/virtio/power.h"

namespace holm::platform {

// A power button that sets a bit of a register, and an interrupt that says so.
struct AcpiButton {
    std::uint16_t status_port = 0;  // 0: none
    std::uint16_t enable_port = 0;
    std::uint16_t control_port = 0;  // bit 0: ACPI is on
    std::uint16_t switch_port = 0;   // writing switch_value here turns it on; 0: it is always on
    std::uint8_t switch_value = 0;
    std::uint16_t interrupt = 0;  // input of the interrupt controller

    static constexpr std::uint16_t kPressed = 1 << 8;
};

struct AcpiFacts {
    AcpiPower power;  // addresses in memory are physical
    AcpiButton button;
    std::array<CommandLine::MmioDevice, CommandLine::kMaxMmioDevices> mmio_devices;
    std::size_t mmio_device_count = 0;
};

// `root`: physical address of the root pointer; 0: there is no ACPI.
AcpiFacts read_acpi(PhysicalMemory& memory, std::uint64_t root);

}  // namespace holm::platform
