// Block devices during the boot: which is which, and what they can do.

#include <algorithm>
#include <array>
#include <cstring>

#include "abi/virtio_block.h"
#include "kernel/drivers/block/virtio_block_features.h"
#include "kernel/drivers/virtio/polled_queue.h"
#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/platform/virtio/devices.h"

namespace holm::platform {
namespace {

constexpr std::uint32_t kGetIdentity = 8;  // VIRTIO_BLK_T_GET_ID
constexpr const char* kWhat = "a virtio-blk device cannot be used";

}  // namespace

// The device whose serial number is the name; asked for only where there is something to choose.
Devices::Found* Devices::with_serial(std::string_view name) {
    const auto is_free = [](const Found& found) {
        return found.type == drivers::kVirtioTypeBlock && !found.taken;
    };
    if (name.size() > kSerialSize || std::ranges::count_if(found(), is_free) < 2) return nullptr;
    for (Found& one : found()) {
        if (!is_free(one)) continue;
        read_serial(one);
        if (std::string_view(one.serial.data(), strnlen(one.serial.data(), kSerialSize)) != name) continue;
        one.taken = true;
        return &one;
    }
    return nullptr;
}

void Devices::read_serial(Found& found) {
    if (found.serial_known) return;
    found.serial_known = true;
    constexpr std::uint32_t kSize = drivers::PolledQueue::kSize;
    drivers::Transport& transport = found.transport();
    accept(drivers::negotiate(transport, 0), kWhat);
    if (drivers::queue_size(transport, 0, kSize) != kSize) boot_failure(kWhat, "it has no queue");
    const std::uint64_t ring = take_queue(kSize);
    const drivers::Doorbell doorbell =
        accept(transport.enable_queue(0, kSize, drivers::parts_of_queue(ring, kSize)), kWhat);
    drivers::MappedRegisters bell = map(doorbell.address, 4);
    drivers::start(transport);
    drivers::PolledQueue queue({reinterpret_cast<std::byte*>(ring), drivers::PolledQueue::kBytes}, bell,
                               doorbell.value);
    const holm_virtio_block_header header{.type = kGetIdentity, .reserved = 0, .sector = 0};
    std::uint8_t status = HOLM_VIRTIO_BLOCK_ERROR;
    const auto address = [](const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); };
    const drivers::PolledQueue::Piece pieces[] = {{address(&header), sizeof header, false},
                                                  {address(found.serial.data()), kSerialSize, true},
                                                  {address(&status), 1, true}};
    accept(queue.request(pieces), kWhat);
    // A device need not have one.
    if (*const_cast<volatile std::uint8_t*>(&status) != HOLM_VIRTIO_BLOCK_OK) found.serial.fill(0);
    accept(drivers::reset(transport), kWhat);
}

void Devices::set_up_block(Found& found, const holm_manifest_device& declared, holm_boot_device& device,
                           Later& later) {
    drivers::Transport& transport = found.transport();
    const std::uint64_t wanted = drivers::choose_virtio_block_features(transport.offered());
    const std::uint64_t features =
        accept(drivers::negotiate(transport, wanted | drivers::kVirtioEventIndex), kWhat);
    std::array<std::byte, drivers::kVirtioBlockConfigSize> configuration;
    for (std::uint32_t i = 0; i < configuration.size(); ++i)
        configuration[i] = static_cast<std::byte>(transport.config8(i));
    device.block = accept(drivers::parse_virtio_block(configuration, features), kWhat);
    device.block.flags |= declared.flags & HOLM_DEVICE_READ_ONLY;
    if ((features & drivers::kVirtioEventIndex) == 0) device.ring_lacks |= HOLM_RING_NO_EVENT_INDEX;
    connect_interrupts(found, later);
    device.queues[HOLM_QUEUE_BLOCK] = set_up_queue(found, 0, later);
    drivers::start(transport);
}

}  // namespace holm::platform
