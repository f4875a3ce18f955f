// What happens after an exception or an interrupt, in ring 3 again (x86_64/upcall.S).

#include "kernel/platform/x86_64/exception.h"

#include "abi/hypercalls.h"
#include "base/text_buffer.h"
#include "kernel/core.h"
#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/platform/virtio/virtio_platform.h"
#include "kernel/start/x86_64/thread_pointer.h"

namespace holm::platform {
namespace {

constexpr std::uint32_t kFirstInterrupt = 32;

void take_interrupt(const holm_upcall_frame& frame) {
    // The first instructions of a start have no core; what they are interrupted by comes again.
    Core* core = core_if_set();
    if (core && core->platform)
        static_cast<VirtioPlatform&>(*core->platform).interrupted(frame.vector, frame.rip, frame.rbp);
    holm_virtio_machine->local_apic.end_of_interrupt();
}

[[noreturn]] void report_early(const holm_upcall_frame& frame) {
    TextBuffer<160> line;
    ((line << "exception " << frame.vector << " at 0x").hex(frame.rip) << ", error code 0x")
        .hex(frame.error_code);
    (line << ", address 0x").hex(frame.address) << ", before the library OS has started";
    boot_failure(line.text());
}

}  // namespace

extern "C" [[gnu::visibility("hidden"), gnu::used, gnu::no_stack_protector]] void holm_virtio_exception(
    holm_upcall_frame* frame, std::uint64_t) {
    if (frame->vector >= kFirstInterrupt) return take_interrupt(*frame);
    if (is_tried_instruction(*frame)) return;
    const Core* core = boot_is_over() ? core_if_set() : nullptr;
    if (!core || !core->platform) report_early(*frame);
    panic_exception(*frame);
}

}  // namespace holm::platform
