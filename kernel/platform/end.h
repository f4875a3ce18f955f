#pragma once

// The orderly end of an instance. A panic does not come by here: nothing that it would ask can be trusted.

#include "kernel/core.h"
#include "kernel/platform/platform.h"

namespace holm {

[[noreturn]] inline void end_instance(Core& core, int status) {
    if (const auto farewell = core.farewell) {
        core.farewell = nullptr;
        farewell(core);
    }
    core.platform->exit(status);
}

}  // namespace holm
