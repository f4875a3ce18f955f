#include "kernel/block/devices.h"

#include <new>

#include "kernel/block/threads.h"
#include "kernel/drivers/block/file_device.h"

namespace holm {
namespace {

constexpr std::uint64_t kSmallestSector = 512;

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
    if (device.block.sector_size < kSmallestSector)
        return fail(ErrorCode::kProtocol, "the tender says that sectors have less than 512 bytes");
    switch (device.transport) {
        case HOLM_TRANSPORT_FILE:
            return make_file_device(device);
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

BlockDevices* block_devices() {
    Core& core = this_core();
    if (!core.blocks) core.blocks = new (std::nothrow) BlockDevices(*core.boot);
    return core.blocks;
}

}  // namespace holm
