#include "kernel/platform/virtio/power.h"

#include "kernel/platform/virtio/x86_64/ports.h"
#include "kernel/platform/virtio/x86_64/ring0_layout.h"

namespace holm::platform {
namespace {

// QEMU's isa-debugcon at its usual port, which says its own number when it is read: all eight bits of the
// status.
constexpr std::uint16_t kStatusPort = 0xe9;
// QEMU's isa-debug-exit where people put it: QEMU ends at once, with 2 * value + 1.
constexpr std::uint16_t kDebugExit = 0xf4;
constexpr std::uint16_t kKeyboardCommand = 0x64;
constexpr std::uint8_t kKeyboardReset = 0xfe;
constexpr std::uint16_t kResetControl = 0xcf9;

void write(const AcpiPower::Register& where) {
    if (where.where == AcpiPower::Where::kPort) {
        const auto port = static_cast<std::uint16_t>(where.address);
        where.wide ? out16(port, where.value) : out8(port, static_cast<std::uint8_t>(where.value));
    } else if (where.where == AcpiPower::Where::kMemory) {
        if (where.wide) {
            *reinterpret_cast<volatile std::uint16_t*>(where.address) = where.value;
        } else {
            *reinterpret_cast<volatile std::uint8_t*>(where.address) = static_cast<std::uint8_t>(where.value);
        }
    }
}

}  // namespace

void Power::off(int status, std::byte* exceptions) {
    const auto byte = static_cast<std::uint8_t>(status);
    if (in8(kStatusPort) == kStatusPort) out8(kStatusPort, byte);
    out8(kDebugExit, byte & 0x7f);
    for (const AcpiPower::Register& where : acpi_.sleep) write(where);
    out8(kKeyboardCommand, kKeyboardReset);
    write(acpi_.reset);
    out8(kResetControl, 6);
    // The machine is still there. Ring 0 gives up at an exception too many, with a triple fault.
    *reinterpret_cast<volatile std::uint32_t*>(exceptions) = 1000;
    __builtin_trap();
}

}  // namespace holm::platform
