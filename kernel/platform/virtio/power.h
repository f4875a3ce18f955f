#pragma once

// The end of the machine. A service's exit status leaves by whatever can carry it (docs/stock-vmms.md), and
// the machine ends by the first of several ways that works.

#include <cstddef>
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

class Power {
  public:
    void use(const AcpiPower& acpi) { acpi_ = acpi; }
    // `exceptions` is the page of exceptions (ring0_layout.h).
    [[noreturn]] void off(int status, std::byte* exceptions);

  private:
    AcpiPower acpi_;
};

}  // namespace holm::platform
