// How an instance ends when it does not end itself: with one sentence, or one screen.

#include <cstring>

#include <errno.h>
#include <unistd.h>

#include "tender/instance/failure.h"
#include "tender/vm/fault_report.h"
#include "tender/vm/registers.h"
#include "tender/vm/runner.h"

namespace holm::tender {
namespace {

// As a shell reports a process that a signal ended: the process tender's instances end that way.
constexpr int kForbiddenStatus = 128 + 31;  // SIGSYS
constexpr int kFaultStatus = 128 + 11;      // SIGSEGV
constexpr int kStoppedStatus = 128 + 15;    // SIGTERM

void say(const Sentence& line) {
    // There is nobody left to tell when this fails.
    [[maybe_unused]] const ssize_t written = write(2, line.view().data(), line.view().size());
}

Sentence begin(std::string_view image) {
    Sentence line;
    line.text(kProgramName).text(": ").foreign(image).text(": ");
    return line;
}

}  // namespace

void Runner::leave(int status) {
    if (in_.count_exits) {
        Sentence line = begin(in_.name);
        exits_.describe(line);
        say(line.text("\n"));
    }
    if (in_.debugger != nullptr) in_.debugger->say_end(status);
    _exit(status);
}

void Runner::end_misuse(const Sentence& what) {
    say(begin(in_.name).text("was ended: ").text(what.view()).text("\n"));
    if (in_.dump != nullptr) {
        constexpr int kBadSystemCall = 31;  // SIGSYS
        const kvm_regs& registers = in_.vcpu.registers();
        write_core(frame_of(registers), kBadSystemCall);
    }
    leave(kForbiddenStatus);
}

void Runner::end_broken(std::string_view what, std::uint64_t detail) {
    say(begin(in_.name).text("was ended: ").text(what).text(", ").hexadecimal(detail).text("\n"));
    leave(kRefusedStatus);
}

void Runner::end_by_run_error(int error) {
    if (error == EFAULT)
        say(begin(in_.name).text(
            "was ended: its memory is gone; its file was cut short, or the host has none left\n"));
    else
        say(begin(in_.name).text("was ended: KVM cannot run it any more: ").text(strerror(error)).text("\n"));
    leave(kRefusedStatus);
}

void Runner::end_grace() {
    say(begin(in_.name)
            .text("was ended: it did not stop within its grace period, ")
            .decimal(in_.grace_ms)
            .text(" ms\n"));
    leave(kStoppedStatus);
}

// The cause of a fault inside an upcall is often what the upcall was about.
void Runner::print_interrupted(const DebuggedMemory& memory) {
    Sentence line;
    line.text("the upcall was about ");
    if (last_fault_.vector < kExceptions)
        line.text(exception_name(last_fault_.vector))
            .text(" (error code ")
            .hexadecimal(last_fault_.error_code)
            .text(", address ")
            .hexadecimal(last_fault_.address)
            .text(")\n");
    else
        line.text(last_fault_.vector == HOLM_UPCALL_STOP    ? "a stop request"
                  : last_fault_.vector == HOLM_UPCALL_GRACE ? "the end of the grace period"
                                                            : "the watchdog")
            .text("\n");
    say(line);
    print_fault("interrupted", last_fault_, memory, in_.link_offset);
}

void Runner::end_fault(std::string_view why, const holm_upcall_frame& frame) {
    Sentence line = begin(in_.name);
    line.text("was ended by ").text(why).text(": ").text(exception_name(frame.vector));
    line.text(" (vector ").decimal(frame.vector).text(", error code ").hexadecimal(frame.error_code);
    line.text(", address ").hexadecimal(frame.address).text(") at ").hexadecimal(frame.rip - in_.link_offset);
    say(line.text("\n"));
    const DebuggedMemory memory(in_.memory, in_.tables, in_.map.memory_size);
    print_fault("where", frame, memory, in_.link_offset);
    const kvm_sregs& special = in_.vcpu.special_registers();
    say(Sentence{}
            .text("bases of fs ")
            .hexadecimal(special.fs.base)
            .text(", gs ")
            .hexadecimal(special.gs.base)
            .text("\n"));
    if (in_upcall_) print_interrupted(memory);
    if (in_.dump != nullptr) write_core(frame, signal_of_exception(frame.vector));
    leave(kFaultStatus);
}

}  // namespace holm::tender
