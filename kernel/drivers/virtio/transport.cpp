#include "kernel/drivers/virtio/transport.h"

#include <algorithm>
#include <bit>

namespace holm::drivers {

std::uint64_t Transport::offered() {
    registers_.write32(offsets_.device_features_select, 0);
    const std::uint64_t low = registers_.read32(offsets_.device_features);
    registers_.write32(offsets_.device_features_select, 1);
    return low | std::uint64_t{registers_.read32(offsets_.device_features)} << 32;
}

void Transport::accept(std::uint64_t features) {
    registers_.write32(offsets_.driver_features_select, 0);
    registers_.write32(offsets_.driver_features, static_cast<std::uint32_t>(features));
    registers_.write32(offsets_.driver_features_select, 1);
    registers_.write32(offsets_.driver_features, static_cast<std::uint32_t>(features >> 32));
}

void Transport::place_queue(const Virtqueue::BusAddresses& where) {
    registers_.write64(offsets_.queue_descriptors, where.descriptors);
    registers_.write64(offsets_.queue_available, where.available);
    registers_.write64(offsets_.queue_used, where.used);
}

Result<> reset(Transport& device) {
    constexpr int kPatience = 100'000;
    device.set_status(0);
    for (int i = 0; i < kPatience; ++i) {
        if (device.status() == 0) return {};
    }
    return fail(ErrorCode::kProtocol, "it does not come out of its reset");
}

Result<std::uint64_t> negotiate(Transport& device, std::uint64_t wanted) {
    TRY(reset(device));
    std::uint8_t status = kVirtioAcknowledge | kVirtioDriver;
    device.set_status(status);
    const std::uint64_t offered = device.offered();
    if ((offered & kVirtioVersion1) == 0)
        return fail(ErrorCode::kUnsupported, "it follows the standard as it was before version 1");
    const std::uint64_t features = offered & (wanted | kVirtioVersion1);
    device.accept(features);
    status |= kVirtioFeaturesOk;
    device.set_status(status);
    if ((device.status() & kVirtioFeaturesOk) == 0)
        return fail(ErrorCode::kProtocol, "it does not accept the features that were chosen of its own");
    return features;
}

void start(Transport& device) {
    device.set_status(kVirtioAcknowledge | kVirtioDriver | kVirtioFeaturesOk | kVirtioDriverOk);
}

std::uint32_t queue_size(Transport& device, std::uint16_t queue, std::uint32_t wanted) {
    const std::uint32_t limit = std::min(device.queue_limit(queue), wanted);
    return limit == 0 ? 0 : std::bit_floor(limit);
}

Virtqueue::BusAddresses parts_of_queue(std::uint64_t address, std::uint32_t size) {
    return {address, address + holm_virtq_available(size), address + holm_virtq_used(size)};
}

}  // namespace holm::drivers
