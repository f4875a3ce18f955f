#pragma once

// How the machine is switched off, and how it is told to: what ACPI's tables name is made reachable for
// later.

#include "kernel/platform/virtio/acpi.h"
#include "kernel/platform/virtio/device_window.h"
#include "kernel/platform/virtio/devices.h"
#include "kernel/platform/virtio/power.h"

namespace holm::platform {

// Makes the registers of `power` that are memory reachable for the boot; forgets all of them if one is not.
void reach_power(BootMemory& memory, AcpiPower& power);

// Gives those registers their address for good.
void map_power(DeviceWindow& window, AcpiPower& power);

// Switches the machine to ACPI, if it is not, and lets the button interrupt. The port of its status; 0 if
// there is no button.
std::uint16_t set_up_button(const AcpiButton& button);

}  // namespace holm::platform
