#pragma once

// The end of the machine: several ways, of which the first one that works is it (docs/stock-vmms.md). Ring 0
// goes them (x86_64/ring0.S), because ring 3 has none of these ports.

#include <array>
#include <cstdint>

namespace holm::platform {

// What ACPI says about switching off; nothing without ACPI.
struct AcpiPower {
    enum class Where : std::uint8_t { kNone, kPort, kMemory };
    struct Register {
        Where where = Where::kNone;
        std::uint64_t address = 0;  // of the port, or virtual
        std::uint16_t value = 0;
        bool wide = false;  // two bytes
    };
    Register sleep[2];  // writing these values, in this order, is the soft-off state
    Register reset;
};

// One way to end it, as ring 0 reads it (ring0_layout.h).
struct OffStep {
    std::uint64_t where;  // a port, or a virtual address
    std::uint32_t how;    // HOLM_OFF_...
    std::uint32_t what;
};
static_assert(sizeof(OffStep) == 16);

// In the order in which they are tried; what is left behind them is HOLM_OFF_END.
using OffSteps = std::array<OffStep, 6>;
OffSteps off_steps(const AcpiPower& acpi);

}  // namespace holm::platform
