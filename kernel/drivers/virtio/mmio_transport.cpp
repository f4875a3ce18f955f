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
    place_queue(where);
    registers_.write32(kQueueReady, 1);
    return Doorbell{physical_ + kQueueNotify, queue};
}

}  // namespace holm::drivers
