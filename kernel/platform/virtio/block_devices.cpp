// Block devices during the boot: which is which, and what they can do.

#include <cstring>

#include "kernel/drivers/virtio/polled_queue.h"
#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/platform/virtio/devices.h"

namespace holm::platform {

Devices::Found* Devices::with_serial(std::string_view) {
    return nullptr;
}

void Devices::set_up_block(Found&, holm_boot_device& device, Later&) {
    boot_failure("block devices are not there yet", device.name);
}

}  // namespace holm::platform
