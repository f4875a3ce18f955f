#include "kernel/platform/virtio/acpi.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace holm::platform {
namespace {

constexpr std::uint64_t kLargestTable = std::uint64_t{1} << 20;
constexpr std::size_t kHeader = 36;
constexpr std::uint64_t kPorts = 0x1000;  // that ring 3 may use

template <typename T>
T field(Bytes table, std::size_t offset) {
    T value{};
    if (offset <= table.size() && sizeof value <= table.size() - offset)
        std::memcpy(&value, table.data() + offset, sizeof value);
    return value;
}

// A whole table with this signature at this place; empty if it is not one.
Bytes table_at(PhysicalMemory& memory, std::uint64_t address, std::string_view signature) {
    const Bytes header = memory.view(address, kHeader);
    if (header.empty() || as_text(header.first(4)) != signature) return {};
    const auto size = field<std::uint32_t>(header, 4);
    if (size < kHeader || size > kLargestTable) return {};
    return memory.view(address, size);
}

std::uint64_t find_table(PhysicalMemory& memory, std::uint64_t root, std::string_view signature) {
    constexpr std::size_t kMostTables = 64;
    const Bytes pointer = memory.view(root, 20);
    if (pointer.empty() || as_text(pointer.first(8)) != "RSD PTR ") return 0;
    const bool wide = field<std::uint8_t>(pointer, 15) >= 2;
    const std::uint64_t extended = wide ? memory.read<std::uint64_t>(root + 24).value_or(0) : 0;
    const Bytes list = extended != 0 ? table_at(memory, extended, "XSDT")
                                     : table_at(memory, field<std::uint32_t>(pointer, 16), "RSDT");
    const std::size_t entry = extended != 0 ? 8 : 4;
    for (std::size_t i = 0; i < kMostTables && kHeader + (i + 1) * entry <= list.size(); ++i) {
        const std::uint64_t address = entry == 8 ? field<std::uint64_t>(list, kHeader + i * entry)
                                                 : field<std::uint32_t>(list, kHeader + i * entry);
        if (!table_at(memory, address, signature).empty()) return address;
    }
    return 0;
}

std::uint16_t port(std::uint64_t address) {
    return address < kPorts - 1 ? static_cast<std::uint16_t>(address) : 0;
}

// A Generic Address Structure (5.2.3.2) of one byte.
AcpiPower::Register general_register(Bytes table, std::size_t offset, std::uint8_t value) {
    const auto space = field<std::uint8_t>(table, offset);
    const auto address = field<std::uint64_t>(table, offset + 4);
    if (address == 0) return {};
    if (space == 0) return {AcpiPower::Where::kMemory, address, value, false};
    if (space == 1 && port(address) != 0) return {AcpiPower::Where::kPort, address, value, false};
    return {};
}

// The first number of the package \_S5, which is what the registers want for soft-off (7.4.2); the bytecode
// is not run, only looked through.
std::optional<std::uint8_t> soft_off_type(Bytes code) {
    const std::string_view text = as_text(code);
    for (std::size_t at = text.find("_S5_"); at != std::string_view::npos; at = text.find("_S5_", at + 1)) {
        constexpr std::uint8_t kPackage = 0x12, kByte = 0x0a, kZero = 0, kOne = 1;
        if (field<std::uint8_t>(code, at + 4) != kPackage) continue;
        const unsigned more = field<std::uint8_t>(code, at + 5) >> 6;  // bytes that the length goes on for
        const std::size_t first = at + 7 + more;                       // behind the length and the count
        const auto kind = field<std::uint8_t>(code, first);
        if (kind == kByte) return field<std::uint8_t>(code, first + 1);
        if (kind == kZero || kind == kOne) return kind;
    }
    return std::nullopt;
}

void read_power(Bytes fixed, Bytes code, AcpiPower& power) {
    constexpr std::uint32_t kReduced = 1 << 20;
    constexpr std::uint32_t kHasReset = 1 << 10;
    const auto flags = field<std::uint32_t>(fixed, 112);
    if ((flags & kHasReset) != 0) power.reset = general_register(fixed, 116, field<std::uint8_t>(fixed, 128));
    const auto type = soft_off_type(code);
    if (!type || *type > 7) return;
    if ((flags & kReduced) != 0) {
        power.sleep[0] = general_register(fixed, 244, static_cast<std::uint8_t>(*type << 2 | 1 << 5));
        return;
    }
    const auto value = static_cast<std::uint16_t>(*type << 10 | 1 << 13);
    for (std::size_t i = 0; i < 2; ++i) {
        const std::uint16_t control = port(field<std::uint32_t>(fixed, 64 + 4 * i));
        if (control != 0) power.sleep[i] = {AcpiPower::Where::kPort, control, value, true};
    }
}

void read_button(Bytes fixed, AcpiButton& button) {
    constexpr std::uint32_t kReduced = 1 << 20;
    constexpr std::uint32_t kNoFixedButton = 1 << 4;
    const auto flags = field<std::uint32_t>(fixed, 112);
    const auto size = field<std::uint8_t>(fixed, 88);
    const std::uint16_t events = port(field<std::uint32_t>(fixed, 56));
    if ((flags & (kReduced | kNoFixedButton)) != 0 || events == 0 || size < 4) return;
    button.status_port = events;
    button.enable_port = static_cast<std::uint16_t>(events + size / 2);
    button.control_port = port(field<std::uint32_t>(fixed, 64));
    button.switch_port = port(field<std::uint32_t>(fixed, 48));
    button.switch_value = field<std::uint8_t>(fixed, 52);
    button.interrupt = field<std::uint16_t>(fixed, 46);
}

// Devices named LNRO0005, as QEMU describes virtio-mmio: in what follows the name, the resources
// Memory32Fixed (6.4.3.4) and Extended Interrupt (6.4.3.6).
void read_mmio_devices(Bytes code, AcpiFacts& facts) {
    constexpr std::string_view kName = "LNRO0005";
    constexpr std::size_t kNear = 128;
    const std::string_view text = as_text(code);
    for (std::size_t at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at + 1)) {
        if (facts.mmio_device_count == facts.mmio_devices.size()) return;
        const std::string_view behind = text.substr(at, kNear);
        const std::size_t memory = behind.find(std::string_view("\x86\x09\x00", 3));
        const std::size_t interrupt = behind.find(std::string_view("\x89\x06\x00", 3));
        if (memory == std::string_view::npos || interrupt == std::string_view::npos) continue;
        const auto size = field<std::uint32_t>(code, at + memory + 8);
        if (size < 0x100 || size > 1 << 20) continue;
        facts.mmio_devices[facts.mmio_device_count++] = {field<std::uint32_t>(code, at + memory + 4), size,
                                                         field<std::uint32_t>(code, at + interrupt + 5)};
    }
}

}  // namespace

AcpiFacts read_acpi(PhysicalMemory& memory, std::uint64_t root) {
    AcpiFacts facts{};
    const std::uint64_t address = root == 0 ? 0 : find_table(memory, root, "FACP");
    if (address == 0) return facts;
    const Bytes fixed = table_at(memory, address, "FACP");
    const auto wide = field<std::uint64_t>(fixed, 140);
    const Bytes code = table_at(memory, wide != 0 ? wide : field<std::uint32_t>(fixed, 40), "DSDT");
    read_power(fixed, code, facts.power);
    read_button(fixed, facts.button);
    read_mmio_devices(code, facts);
    return facts;
}

}  // namespace holm::platform
