#include "kernel/drivers/virtio/pci_transport.h"

namespace holm::drivers {
namespace {

constexpr std::uint8_t kCapabilityVendor = 0x09;
constexpr std::uint8_t kCapabilityMessages = 0x11;

// struct virtio_pci_cap (4.1.4).
constexpr std::uint32_t kCapLength = 2;
constexpr std::uint32_t kCapType = 3;
constexpr std::uint32_t kCapBar = 4;
constexpr std::uint32_t kCapOffset = 8;
constexpr std::uint32_t kCapSize = 12;
constexpr std::uint32_t kCapNotifyMultiplier = 16;

constexpr std::uint8_t kTypeCommon = 1;
constexpr std::uint8_t kTypeNotify = 2;
constexpr std::uint8_t kTypeDevice = 4;

constexpr std::uint32_t kSpace = 0x100;  // bytes of a configuration space
constexpr std::uint32_t kCommonSize = 0x38;
constexpr std::uint16_t kNoMessage = 0xffff;
constexpr std::uint64_t kHighest = std::uint64_t{1} << 52;

Result<PciLayout::Part> read_part(PciFunction& function, std::uint8_t capability) {
    Registers& configuration = function.configuration();
    const std::uint64_t base = TRY(function.base_address(configuration.read8(capability + kCapBar)));
    const std::uint32_t offset = configuration.read32(capability + kCapOffset);
    if (base >= kHighest - 0x1'0000'0000 || offset % 4 != 0)
        return fail(ErrorCode::kProtocol, "it says that its registers lie where nothing can");
    return PciLayout::Part{base + offset, configuration.read32(capability + kCapSize)};
}

}  // namespace

Result<PciLayout> PciLayout::read(PciFunction& function) {
    constexpr int kMostCapabilities = 48;
    PciLayout layout;
    Registers& configuration = function.configuration();
    std::uint8_t at = function.find_capability(kCapabilityVendor);
    for (int i = 0; at != 0 && i < kMostCapabilities; ++i) {
        if (at > kSpace - kCapSize - 4)
            return fail(ErrorCode::kProtocol, "one of its capabilities ends behind its configuration space");
        const std::uint8_t type = configuration.read8(at + kCapType);
        // The first of a kind that can be used is the one to use (4.1.4); the others are alternatives.
        if (type == kTypeCommon && layout.common.size == 0) layout.common = TRY(read_part(function, at));
        if (type == kTypeDevice && layout.device.size == 0) layout.device = TRY(read_part(function, at));
        if (type == kTypeNotify && layout.notify.size == 0 && configuration.read8(at + kCapLength) >= 20 &&
            at <= kSpace - kCapNotifyMultiplier - 4) {
            layout.notify = TRY(read_part(function, at));
            layout.notify_multiplier = configuration.read32(at + kCapNotifyMultiplier);
        }
        at = function.find_capability(kCapabilityVendor, at);
    }
    if (layout.common.size == 0 || layout.notify.size == 0)
        return fail(ErrorCode::kUnsupported, "it has no modern interface (for QEMU: disable-modern=off)");
    if (layout.common.size < kCommonSize || layout.notify.size < 2)
        return fail(ErrorCode::kProtocol, "its registers are smaller than the standard says");
    layout.message_capability = function.find_capability(kCapabilityMessages);
    if (layout.message_capability > kSpace - 12)
        return fail(ErrorCode::kProtocol, "its messages are told behind its configuration space");
    if (layout.message_capability != 0) {
        const std::uint32_t table = configuration.read32(layout.message_capability + 4u);
        layout.message_table =
            TRY(function.base_address(static_cast<std::uint8_t>(table & 7))) + (table & ~7u);
        if (layout.message_table >= kHighest)
            return fail(ErrorCode::kProtocol, "it says that its messages lie where nothing can");
    }
    return layout;
}

void enable_message(PciFunction& function, const PciLayout& layout, Registers& table, std::uint64_t address,
                    std::uint32_t data) {
    constexpr std::uint16_t kEnable = 1 << 15;
    constexpr std::uint16_t kAllMasked = 1 << 14;
    table.write32(0, static_cast<std::uint32_t>(address));
    table.write32(4, static_cast<std::uint32_t>(address >> 32));
    table.write32(8, data);
    table.write32(12, 0);  // not masked
    const std::uint32_t control = layout.message_capability + 2u;
    const std::uint16_t before = function.configuration().read16(control);
    function.configuration().write16(control, static_cast<std::uint16_t>((before | kEnable) & ~kAllMasked));
}

std::uint32_t PciTransport::type_of(PciFunction& function) {
    constexpr std::uint16_t kVendor = 0x1af4;
    constexpr std::uint16_t kFirstTransitional = 0x1000;
    constexpr std::uint16_t kFirst = 0x1040;
    constexpr std::uint16_t kLast = 0x107f;
    if (function.vendor() != kVendor) return kVirtioTypeNone;
    const std::uint16_t device = function.device();
    if (device < kFirstTransitional || device > kLast) return kVirtioTypeNone;
    return device >= kFirst ? device - std::uint32_t{kFirst} : function.subsystem();
}

std::uint32_t PciTransport::queue_limit(std::uint16_t queue) {
    registers_.write16(kQueueSelect, queue);
    return registers_.read16(kQueueSize);
}

Result<Doorbell> PciTransport::enable_queue(std::uint16_t queue, std::uint32_t size,
                                            const Virtqueue::BusAddresses& where) {
    registers_.write16(kQueueSelect, queue);
    if (registers_.read16(kQueueEnable) != 0)
        return fail(ErrorCode::kProtocol, "its queue is in use after a reset");
    registers_.write16(kQueueSize, static_cast<std::uint16_t>(size));
    if (layout_.message_capability != 0) {
        registers_.write16(kQueueMessage, 0);
        if (registers_.read16(kQueueMessage) == kNoMessage)
            return fail(ErrorCode::kProtocol, "it has no room for an interrupt of its queue");
    }
    place_queue(where);
    const std::uint64_t offset =
        std::uint64_t{registers_.read16(kQueueNotifyOffset)} * layout_.notify_multiplier;
    if (offset > layout_.notify.size - 2u)
        return fail(ErrorCode::kProtocol, "its doorbell lies outside of its registers");
    registers_.write16(kQueueEnable, 1);
    return Doorbell{layout_.notify.address + offset, queue};
}

}  // namespace holm::drivers
