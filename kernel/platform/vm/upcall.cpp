// What the vm platform's upcall (x86_64/upcall.S) does about an exception, a stop request or a watchdog tick.
// It runs on an alternate stack, with the thread pointer of what it interrupted.

#include "abi/hypercalls.h"
#include "kernel/core.h"
#include "kernel/panic/watchdog.h"
#include "kernel/platform/vm/vm_platform.h"
#include "kernel/platform/x86_64/exception.h"
#include "kernel/start/x86_64/thread_pointer.h"

namespace holm::platform {

// The first instructions of a start have neither core nor thread pointer; an upcall there finds nothing to
// use. A fault there becomes one inside an upcall, which the tender reports.
extern "C" [[gnu::no_stack_protector, gnu::visibility("hidden"), gnu::used]] void holm_vm_handle_upcall(
    holm_upcall_frame* frame) {
    Core* core = core_if_set();
    const bool ready = core && core->platform;
    switch (frame->vector) {
        case HOLM_UPCALL_STOP:
            VmPlatform::request_stop();
            return;
        case HOLM_UPCALL_WATCHDOG:
            if (ready && core->watchdog && !static_cast<VmPlatform&>(*core->platform).is_asleep())
                core->watchdog->tick(frame->rip, frame->rbp);
            return;
        case HOLM_UPCALL_GRACE:
            if (ready && core->watchdog) core->watchdog->grace_over(frame->rip, frame->rbp);
            return;
        default:
            if (is_tried_instruction(*frame)) return;
            if (!ready) __builtin_trap();
            panic_exception(*frame);
    }
}

// What the image is told to have by its manifest (choose.cpp).
extern "C" [[gnu::visibility("hidden")]] Platform* holm_start_vm_platform(const holm_boot_info& boot) {
    return &VmPlatform::start(boot);
}

}  // namespace holm::platform
