#include "kernel/block/devices.h"
#include "kernel/start/machine.h"

namespace holm {

// Here and not with the rest of Machine: only an image that calls it contains the block devices.
Result<BlockDevice*> Machine::block(std::string_view name) noexcept {
    BlockDevices* const devices = block_devices();
    if (!devices) return fail(ErrorCode::kOutOfMemory, "no memory for the block devices");
    return devices->open(name);
}

}  // namespace holm
