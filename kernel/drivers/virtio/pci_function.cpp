#include "kernel/drivers/virtio/pci_function.h"

namespace holm::drivers {

Result<std::uint64_t> PciFunction::base_address(std::uint8_t index) {
    constexpr std::uint8_t kRegisters = 6;
    constexpr std::uint32_t kPort = 1;
    constexpr std::uint32_t kTypeMask = 0x6;
    constexpr std::uint32_t kType64 = 0x4;
    if (index >= kRegisters)
        return fail(ErrorCode::kProtocol, "it names a base address register that does not exist");
    const std::uint32_t low = configuration_.read32(0x10 + 4u * index);
    if ((low & kPort) != 0) return fail(ErrorCode::kUnsupported, "its registers are ports");
    std::uint64_t address = low & ~std::uint32_t{0xf};
    if ((low & kTypeMask) == kType64) {
        if (index + 1 == kRegisters)
            return fail(ErrorCode::kProtocol, "its last base address register has 64 bits");
        address |= std::uint64_t{configuration_.read32(0x14 + 4u * index)} << 32;
    }
    if (address == 0) return fail(ErrorCode::kUnsupported, "the firmware gave its registers no address");
    return address;
}

std::uint8_t PciFunction::find_capability(std::uint8_t identity, std::uint8_t after) {
    constexpr std::uint8_t kFirst = 0x40;
    constexpr int kMost = 48;  // that fit
    constexpr std::uint16_t kHasList = 1 << 4;
    if (after == 0 && (configuration_.read16(0x06) & kHasList) == 0) return 0;
    std::uint8_t at = configuration_.read8(after == 0 ? 0x34 : after + 1u) & 0xfc;
    for (int i = 0; i < kMost && at >= kFirst; ++i) {
        if (configuration_.read8(at) == identity) return at;
        at = configuration_.read8(at + 1u) & 0xfc;
    }
    return 0;
}

}  // namespace holm::drivers
