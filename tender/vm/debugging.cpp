// A guest that stands still for a debugger, or for a core file.

#include "tender/vm/registers.h"
#include "tender/vm/runner.h"

namespace holm::tender {

// Between two runs. In ring 0 an exception is on its way to being reported: the guest stands still at that,
// or later.
void Runner::stand_still_if_called() {
    const bool is_called =
        in_.debugger != nullptr && in_.debugger->is_at_entry() && in_.debugger->is_called();
    if (!is_called && !dump_pending_) return;
    kvm_regs& registers = in_.vcpu.registers();
    if (!in_.vcpu.in_ring3()) return;
    holm_upcall_frame frame = frame_of(registers);
    if (dump_pending_) {
        dump_pending_ = false;
        write_core(frame, 0);
    }
    if (!is_called) return;
    obey(in_.debugger->stopped_by_call(frame, in_.vcpu.special_registers()));
    registers = registers_of(frame);
    in_.vcpu.set_registers();
}

void Runner::stand_still_by_hardware() {
    const kvm_run exit = in_.vcpu.exit();  // fetching the registers overwrites it
    kvm_regs& registers = in_.vcpu.registers();
    if (in_.debugger == nullptr || !in_.vcpu.in_ring3()) return;
    holm_upcall_frame frame = frame_of(registers);
    const kvm_sregs& special = in_.vcpu.special_registers();
    obey(in_.debugger->stopped_by_hardware(frame, special, exit.debug.arch.dr6));
    obey(wait_at_entry(frame, special));
    registers = registers_of(frame);
    in_.vcpu.set_registers();
}

// --stopped: nothing of the image runs before there is a debugger.
Debugger::Outcome Runner::wait_at_entry(holm_upcall_frame& frame, const kvm_sregs& special) {
    if (!in_.stopped || !in_.debugger->is_at_entry()) return Debugger::Outcome::kGoOn;
    in_.stopped = false;
    while (!in_.debugger->is_called()) {
        in_.debugger->wait_for_one();
        keep_signals();
    }
    return in_.debugger->stopped_by_call(frame, special);
}

void Runner::obey(Debugger::Outcome outcome) {
    constexpr int kKilledStatus = 128 + 9;  // SIGKILL
    if (outcome == Debugger::Outcome::kKill) leave(kKilledStatus);
}

void Runner::write_core(const holm_upcall_frame& frame, int signal) {
    in_.dump->write(frame, in_.vcpu.special_registers(), signal);
}

}  // namespace holm::tender
