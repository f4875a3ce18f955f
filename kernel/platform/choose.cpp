#include "abi/boot_info.h"
#include "kernel/platform/platform.h"
#include "kernel/platform/process/process_platform.h"

namespace holm::platform {

Platform& choose(const holm_boot_info& boot) {
    switch (boot.platform) {
        case HOLM_PLATFORM_PROCESS:
            return ProcessPlatform::start(boot);
        default:
            // Nobody to tell: how one writes to the console is what the platform would say.
            __builtin_trap();
    }
}

}  // namespace holm::platform
