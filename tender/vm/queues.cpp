#include "tender/vm/queues.h"

#include "abi/virtqueue.h"
#include "tender/vm/devices.h"

namespace holm::tender {
namespace {

// So that no two queues share a cache line.
constexpr std::uint64_t kAlignment = 64;

constexpr std::uint64_t ring_size(std::uint32_t size) {
    return (holm_virtq_bytes(size) + kAlignment - 1) / kAlignment * kAlignment;
}

struct QueuePlan {
    unsigned count = 0;
    std::uint32_t size = 0;
};

QueuePlan plan_of(const holm_boot_device& device) {
    if (device.transport == HOLM_TRANSPORT_NONE) return {};
    return device.kind == HOLM_DEVICE_NET ? QueuePlan{2, kNetQueueSize} : QueuePlan{1, kBlockQueueSize};
}

}  // namespace

std::uint64_t rings_size(std::span<const holm_boot_device> devices) {
    std::uint64_t size = 0;
    for (const holm_boot_device& device : devices) {
        const QueuePlan plan = plan_of(device);
        size += plan.count * ring_size(plan.size);
    }
    return size;
}

void place_queues(std::span<holm_boot_device> devices, std::uint64_t rings, std::uint64_t doorbells) {
    for (std::size_t d = 0; d < devices.size(); d++) {
        const QueuePlan plan = plan_of(devices[d]);
        for (unsigned q = 0; q < plan.count; q++) {
            devices[d].queues[q] = {.ring = rings,
                                    .notify = doorbells + Devices::doorbell_offset(d, q),
                                    .size = plan.size,
                                    .notify_value = 0};
            rings += ring_size(plan.size);
        }
    }
}

}  // namespace holm::tender
