// What happens after an exception, in ring 3 again (x86_64/upcall.S).

#include "kernel/platform/x86_64/exception.h"

#include "abi/hypercalls.h"
#include "base/text_buffer.h"
#include "kernel/core.h"
#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/start/x86_64/thread_pointer.h"

namespace holm::platform {
namespace {

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
    if (is_tried_instruction(*frame)) return;
    const Core* core = boot_is_over() ? core_if_set() : nullptr;
    if (!core || !core->platform) report_early(*frame);
    panic_exception(*frame);
}

}  // namespace holm::platform
