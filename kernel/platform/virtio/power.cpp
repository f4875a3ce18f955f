#include "kernel/platform/virtio/power.h"

#include "kernel/platform/virtio/x86_64/ring0_layout.h"

namespace holm::platform {

OffSteps off_steps(const AcpiPower& acpi) {
    constexpr OffStep kKeyboardReset{.where = 0x64, .how = HOLM_OFF_PORT8, .what = 0xfe};
    constexpr OffStep kResetControl{.where = 0xcf9, .how = HOLM_OFF_PORT8, .what = 6};
    OffSteps steps{};
    std::size_t count = 0;
    const auto add = [&](const AcpiPower::Register& where) {
        if (where.where == AcpiPower::Where::kNone) return;
        const bool port = where.where == AcpiPower::Where::kPort;
        const std::uint32_t how = port ? (where.wide ? HOLM_OFF_PORT16 : HOLM_OFF_PORT8)
                                       : (where.wide ? HOLM_OFF_MEMORY16 : HOLM_OFF_MEMORY8);
        steps[count++] = {where.address, how, where.value};
    };
    for (const AcpiPower::Register& where : acpi.sleep) add(where);
    steps[count++] = kKeyboardReset;
    add(acpi.reset);
    steps[count++] = kResetControl;
    return steps;
}

}  // namespace holm::platform
