#include "tender/vm/hypercalls.h"

namespace holm::tender {
namespace {

constexpr std::string_view kNotItsMemory = "memory that the image cannot use in this way";

// What a program in ring 3 can set: the arithmetic flags, direction, alignment check, ID. Bit 1 is always
// set. The interrupt flag never is: there are no interrupts, and a KVM that may interrupt a guest waits, for
// ever if need be, for a page that is not there, where it would else report an error.
constexpr std::uint64_t kUserFlags = 0x240cd5;
constexpr std::uint64_t kFixedFlags = 0x2;

}  // namespace

bool Hypercalls::wrong(std::string_view call, std::string_view what, std::uint64_t value) {
    why_ = {};
    why_.text("hypercall ").text(call).text(" names ").text(what).text(": ").hexadecimal(value);
    return false;
}

bool Hypercalls::call(std::uint64_t offset, std::uint32_t size, std::uint64_t value) {
    if (size == 8 && offset % 8 == 0) return dispatch(offset / 8, value);
    why_ = {};
    why_.text("a store of ").decimal(size).text(" bytes at offset ").hexadecimal(offset);
    why_.text(" of the hypercall page; allowed: 8 bytes at a multiple of 8");
    return false;
}

bool Hypercalls::dispatch(std::uint64_t number, std::uint64_t value) {
    const GuestAddress at{value};
    switch (number) {
        case HOLM_HYPERCALL_EXIT:
        case HOLM_HYPERCALL_PANIC:
            host_.exit(static_cast<int>(value & 0xff), number == HOLM_HYPERCALL_PANIC);
        case HOLM_HYPERCALL_CONSOLE:
            return write_console(at);
        case HOLM_HYPERCALL_WAIT:
            return wait(at);
        case HOLM_HYPERCALL_CLOCK:
            return read_clocks(at);
        case HOLM_HYPERCALL_GUARD:
            return make_guard(at);
        case HOLM_HYPERCALL_RESUME:
            return resume(at);
        default:
            // FAULT too: ring 0 has a page of its own for it.
            why_ = {};
            why_.text("hypercall ").decimal(number).text(" does not exist for an image");
            return false;
    }
}

bool Hypercalls::write_console(GuestAddress at) {
    const auto call = memory_.copy<holm_console_call>(at);
    if (!call) return wrong("CONSOLE", kNotItsMemory, static_cast<std::uint64_t>(at));
    const auto text = memory_.readable(GuestAddress{call->text}, call->size);
    if (!text || !host_.write_console(*text)) return wrong("CONSOLE", kNotItsMemory, call->text);
    return true;
}

bool Hypercalls::wait(GuestAddress at) {
    auto call = memory_.copy<holm_wait_call>(at);
    if (!call) return wrong("WAIT", kNotItsMemory, static_cast<std::uint64_t>(at));
    call->events = host_.wait(call->deadline_ns, call->until_stop != 0) ? 1 : 0;
    return memory_.store(at, *call) || wrong("WAIT", kNotItsMemory, static_cast<std::uint64_t>(at));
}

bool Hypercalls::read_clocks(GuestAddress at) {
    return memory_.store(at, host_.read_clocks()) ||
           wrong("CLOCK", kNotItsMemory, static_cast<std::uint64_t>(at));
}

bool Hypercalls::make_guard(GuestAddress page) {
    if (!memory_.may_guard(page))
        return wrong("GUARD", "no page of heap or stack", static_cast<std::uint64_t>(page));
    return host_.make_guard(page) || wrong("GUARD", "more pages than the host can guard (vm.max_map_count)",
                                           static_cast<std::uint64_t>(page));
}

bool Hypercalls::resume(GuestAddress at) {
    auto frame = memory_.copy<holm_upcall_frame>(at);
    if (!frame) return wrong("RESUME", kNotItsMemory, static_cast<std::uint64_t>(at));
    frame->rflags = (frame->rflags & kUserFlags) | kFixedFlags;
    // The processor would refuse to go on at an address that cannot be one.
    if (frame->rip >= kUserEnd)
        return wrong("RESUME", "an instruction that cannot be the image's", frame->rip);
    return host_.resume(*frame) ||
           wrong("RESUME", "a frame, but no upcall runs", static_cast<std::uint64_t>(at));
}

}  // namespace holm::tender
