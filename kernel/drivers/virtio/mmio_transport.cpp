#include "kernel/drivers/virtio/mmio_transport.h"

namespace holm::drivers {

Result<> MmioTransport::identify() {
    if (registers_.read32(kMagic) != 0x74726976)
        return fail(ErrorCode::kNoDevice, "there is no virtio device");
    const std::uint32_t version = registers_.read32(kVersion);
    if (registers_.read32(kDeviceId) == kVirtioTypeNone)
        return fail(ErrorCode::kNoDevice, "nothing is plugged in");
    if (version != 2)
        return fail(ErrorCode::kUnsupported,
                    "it is a legacy device (for QEMU: -global virtio-mmio.force-legacy=false)");
    return {};
}

void MmioTransport::write64(std::uint32_t offset, std::uint64_t value) {
    registers_.write32(offset, static_cast<std::uint32_t>(value));
    registers_.write32(offset + 4, static_cast<std::uint32_t>(value >> 32));
}

std::uint64_t MmioTransport::offered() {
    registers_.write32(kDeviceFeaturesSelect, 0);
    const std::uint64_t low = registers_.read32(kDeviceFeatures);
    registers_.write32(kDeviceFeaturesSelect, 1);
    return low | std::uint64_t{registers_.read32(kDeviceFeatures)} << 32;
}

void MmioTransport::accept(std::uint64_t features) {
    registers_.write32(kDriverFeaturesSelect, 0);
    registers_.write32(kDriverFeatures, static_cast<std::uint32_t>(features));
    registers_.write32(kDriverFeaturesSelect, 1);
    registers_.write32(kDriverFeatures, static_cast<std::uint32_t>(features >> 32));
}

std::uint32_t MmioTransport::queue_limit(std::uint16_t queue) {
    registers_.write32(kQueueSelect, queue);
    return registers_.read32(kQueueSizeMax);
}

Result<Doorbell> MmioTransport::enable_queue(std::uint16_t queue, std::uint32_t size,
                                             const Virtqueue::BusAddresses& where) {
    registers_.write32(kQueueSelect, queue);
    if (registers_.read32(kQueueReady) != 0)
        return fail(ErrorCode::kProtocol, "its queue is in use after a reset");
    registers_.write32(kQueueSize, size);
    write64(kQueueDescriptors, where.descriptors);
    write64(kQueueAvailable, where.available);
    write64(kQueueUsed, where.used);
    registers_.write32(kQueueReady, 1);
    return Doorbell{physical_ + kQueueNotify, queue};
}

}  // namespace holm::drivers
