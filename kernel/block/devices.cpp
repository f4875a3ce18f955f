#include "kernel/block/devices.h"

#include <algorithm>
#include <new>

#include "kernel/block/threads.h"
#include "kernel/drivers/block/file_device.h"
#include "kernel/drivers/block/virtio_block.h"
#include "kernel/drivers/virtio/boot_queue.h"

namespace holm {
namespace {

drivers::BlockGeometry geometry_of(const holm_boot_block& block) {
    drivers::BlockGeometry geometry;
    geometry.size = block.sector_count * block.sector_size;
    geometry.sector_size = block.sector_size;
    geometry.read_only = (block.flags & HOLM_DEVICE_READ_ONLY) != 0;
    return geometry;
}

}  // namespace

Result<BlockDevice*> BlockDevices::open(std::string_view name) {
    for (std::uint32_t i = 0; i < boot_.device_count; ++i) {
        const holm_boot_device& device = boot_.devices[i];
        if (device.kind != HOLM_DEVICE_BLOCK || name != device.name) continue;
        if (device.transport == HOLM_TRANSPORT_NONE)
            return fail(ErrorCode::kNoDevice, "the block device was not granted");
        if (!devices_[i]) {
            auto driver = TRY(make_driver(device));
            devices_[i].reset(new (std::nothrow) BlockDevice(device.name, std::move(driver)));
        }
        if (!devices_[i]) return fail(ErrorCode::kOutOfMemory, "no memory for a block device");
        return devices_[i].get();
    }
    return fail(ErrorCode::kNotFound, "the image declares no block device of that name");
}

Result<std::unique_ptr<drivers::BlockDriver>> BlockDevices::make_driver(const holm_boot_device& device) {
    switch (device.transport) {
        case HOLM_TRANSPORT_FILE:
            return make_file_device(device);
        case HOLM_TRANSPORT_RING:
            return make_ring_device(device);
        default:
            return fail(ErrorCode::kUnsupported, "there is no driver for this block device");
    }
}

Result<std::unique_ptr<drivers::BlockDriver>> BlockDevices::make_file_device(const holm_boot_device& device) {
    const platform::Gate gate(boot_.gate);
    if (!workers_) {
        workers_.reset(new (std::nothrow) drivers::BlockWorkers(gate, boot_.workers));
        if (!workers_) return fail(ErrorCode::kOutOfMemory, "no memory for the queue of the threads");
        if (!start_block_threads(*this_core().boot, *workers_)) {
            workers_.reset();
            return fail(ErrorCode::kOutOfMemory, "no memory for the threads");
        }
    }
    std::unique_ptr<drivers::BlockDriver> driver(
        new (std::nothrow) drivers::FileDevice(gate, device.handle, geometry_of(device.block), *workers_));
    if (!driver) return fail(ErrorCode::kOutOfMemory, "no memory for a block device");
    return driver;
}

Result<std::unique_ptr<drivers::BlockDriver>> BlockDevices::make_ring_device(const holm_boot_device& device) {
    const holm_boot_block& block = device.block;
    drivers::BlockGeometry geometry = geometry_of(block);
    geometry.discards = !geometry.read_only && (block.features & HOLM_BLOCK_DISCARD) != 0;
    geometry.writes_zeroes = !geometry.read_only && (block.features & HOLM_BLOCK_WRITE_ZEROES) != 0;
    geometry.longest_range = ~std::uint64_t{0};
    if (geometry.discards) geometry.longest_range = block.longest_discard;
    if (geometry.writes_zeroes)
        geometry.longest_range = std::min(geometry.longest_range, block.longest_zeroes);
    // The doorbell stays for the life of the instance, as the device does.
    auto* const queue =
        new (std::nothrow) drivers::BootQueue(device.queues[HOLM_QUEUE_BLOCK], boot_.vm.bus_offset,
                                              (device.ring_lacks & HOLM_RING_NO_EVENT_INDEX) == 0);
    if (!queue) return fail(ErrorCode::kOutOfMemory, "no memory for a block device");
    return TRY(drivers::VirtioBlock::create({.queue = queue->setup(),
                                             .geometry = geometry,
                                             .longest_piece = block.longest_piece,
                                             .flushes = (block.features & HOLM_BLOCK_FLUSH) != 0},
                                            *queue));
}

BlockDevices* block_devices() {
    Core& core = this_core();
    if (!core.blocks) core.blocks = new (std::nothrow) BlockDevices(*core.boot);
    return core.blocks;
}

}  // namespace holm
