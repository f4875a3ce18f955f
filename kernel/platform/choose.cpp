#include "abi/boot_info.h"
#include "kernel/platform/platform.h"

// Each platform's, in its own folder. Weak: the linker takes those that holm.toml asks for (holm-manifest
// --link-options), and drops the others with all that only they need.
extern "C" {
[[gnu::weak, gnu::visibility("hidden")]] holm::platform::Platform* holm_start_process_platform(
    const holm_boot_info&);
[[gnu::weak, gnu::visibility("hidden")]] holm::platform::Platform* holm_start_vm_platform(
    const holm_boot_info&);
[[gnu::weak, gnu::visibility("hidden")]] holm::platform::Platform* holm_start_virtio_platform(
    const holm_boot_info&);
}

namespace holm::platform {

Platform& choose(const holm_boot_info& boot) {
    switch (boot.platform) {
        case HOLM_PLATFORM_PROCESS:
            if (holm_start_process_platform) return *holm_start_process_platform(boot);
            break;
        case HOLM_PLATFORM_VM:
            if (holm_start_vm_platform) return *holm_start_vm_platform(boot);
            break;
        case HOLM_PLATFORM_VIRTIO:
            if (holm_start_virtio_platform) return *holm_start_virtio_platform(boot);
            break;
        default:
            break;
    }
    // Nobody to tell: how one writes to the console is what the platform would say.
    __builtin_trap();
}

}  // namespace holm::platform
