#pragma once

// The block devices of a core: those of the boot info, each made ready when it is first asked for, so an
// image that asks for none does not contain them.

#include <array>
#include <memory>
#include <string_view>

#include "abi/boot_info.h"
#include "base/result.h"
#include "kernel/block/block_device.h"
#include "kernel/core.h"
#include "kernel/drivers/block/block_workers.h"

namespace holm {

class BlockDevices {
  public:
    explicit BlockDevices(const holm_boot_info& boot) : boot_(boot) {}
    BlockDevices(const BlockDevices&) = delete;
    BlockDevices& operator=(const BlockDevices&) = delete;

    // Errors: as Machine::block().
    Result<BlockDevice*> open(std::string_view name);

  private:
    Result<std::unique_ptr<drivers::BlockDriver>> make_driver(const holm_boot_device& device);
    Result<std::unique_ptr<drivers::BlockDriver>> make_file_device(const holm_boot_device& device);
    Result<std::unique_ptr<drivers::BlockDriver>> make_ring_device(const holm_boot_device& device);

    const holm_boot_info& boot_;
    std::unique_ptr<drivers::BlockWorkers> workers_;
    std::array<std::unique_ptr<BlockDevice>, HOLM_MAX_DEVICES> devices_;  // as in the boot info
};

// Those of this core; null when there is no memory for them.
BlockDevices* block_devices();

}  // namespace holm
