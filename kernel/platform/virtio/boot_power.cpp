#include "kernel/platform/virtio/boot_power.h"

#include <array>

#include "kernel/platform/virtio/x86_64/io_apic.h"
#include "kernel/platform/virtio/x86_64/ports.h"
#include "kernel/platform/virtio/x86_64/ring0.h"

namespace holm::platform {
namespace {

std::array<AcpiPower::Register*, 3> registers_of(AcpiPower& power) {
    return {&power.sleep[0], &power.sleep[1], &power.reset};
}

}  // namespace

void reach_power(BootMemory& memory, AcpiPower& power) {
    for (const AcpiPower::Register* where : registers_of(power)) {
        if (where->where == AcpiPower::Where::kMemory &&
            !memory.reach(where->address, sizeof(std::uint16_t))) {
            power = {};
            return;
        }
    }
}

void map_power(DeviceWindow& window, AcpiPower& power) {
    for (AcpiPower::Register* where : registers_of(power)) {
        if (where->where == AcpiPower::Where::kMemory) where->address = window.add(where->address);
    }
}

std::uint16_t set_up_button(const AcpiButton& button) {
    IoApic lines(IoApic::kPhysical);
    if (button.status_port == 0 || button.interrupt >= lines.inputs()) return 0;
    if (button.switch_port != 0 && (in16(button.control_port) & 1) == 0) {
        constexpr int kPatience = 1000;
        out8(button.switch_port, button.switch_value);
        for (int i = 0; i < kPatience && (in16(button.control_port) & 1) == 0; ++i) {
        }
    }
    out16(button.status_port, AcpiButton::kPressed);
    out16(button.enable_port, AcpiButton::kPressed);
    lines.route_level(button.interrupt, HOLM_VECTOR_ATTENTION, false);
    return button.status_port;
}

}  // namespace holm::platform
