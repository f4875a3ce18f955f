// Exceptions and signals, as upcalls into the image.

#include "tender/vm/registers.h"
#include "tender/vm/ring0.h"
#include "tender/vm/runner.h"

namespace holm::tender {
namespace {

constexpr std::uint32_t kNmi = 2;
constexpr std::uint32_t kDoubleFault = 8;
constexpr std::uint32_t kPageFault = 14;
constexpr std::uint32_t kMachineCheck = 18;

constexpr std::uint64_t kUpcallFlags = 0x2;  // no interrupts (hypercalls.cpp)

}  // namespace

// The frame goes to the top of the alternate stack; the upcall is entered like a C function
// (abi/boot_info.h).
std::uint64_t Runner::push_frame(const holm_upcall_frame& frame, kvm_regs& registers) {
    const AddressRange& stack = in_.map.layout.alternate;
    const std::uint64_t at = stack.start + stack.size - (sizeof frame + 15) / 16 * 16;
    in_.memory.store(GuestAddress{at}, frame);
    registers.rdi = 0;
    registers.rsi = at;
    registers.rdx = in_.map.hypercalls;
    in_upcall_ = true;
    last_fault_ = frame;
    return at - 8;
}

// In ring 0 already: an exception is on its way to being reported, and comes first.
void Runner::deliver_upcall() {
    kvm_regs& registers = in_.vcpu.registers();
    if (!in_.vcpu.in_ring3()) return;
    bool& pending = stop_pending_ ? stop_pending_ : grace_pending_ ? grace_pending_ : tick_pending_;
    holm_upcall_frame frame = frame_of(registers);
    frame.vector = stop_pending_    ? HOLM_UPCALL_STOP
                   : grace_pending_ ? HOLM_UPCALL_GRACE
                                    : HOLM_UPCALL_WATCHDOG;
    pending = false;
    registers.rsp = push_frame(frame, registers);
    registers.rip = in_.upcall;
    registers.rflags = kUpcallFlags;
    in_.vcpu.set_registers();
}

// The stub has stored; it goes on with `iretq`, for which its frame is changed.
void Runner::handle_exception(std::uint32_t vector) {
    kvm_regs& registers = in_.vcpu.registers();
    const std::uint64_t offset = exception_frame_offset(vector % kExceptions);
    auto& exception = *reinterpret_cast<ExceptionFrame*>(in_.memory.at(in_.map.stacks + offset));
    holm_upcall_frame frame = frame_of(registers);
    frame.rip = exception.rip;
    frame.rsp = exception.rsp;
    frame.rflags = exception.rflags;
    frame.vector = vector;
    frame.error_code = static_cast<std::uint32_t>(exception.error_code);
    if (vector == kPageFault) frame.address = in_.vcpu.special_registers().cr2;
    if (vector == kNmi || vector == kDoubleFault || vector == kMachineCheck ||
        exception.cs != kUserCodeSegment)
        end_fault("an exception that no image can cause", frame);
    if (in_.debugger != nullptr) {
        const Debugger::Outcome outcome =
            in_.debugger->stopped_by_exception(frame, in_.vcpu.special_registers());
        if (outcome != Debugger::Outcome::kDeliver) {
            obey(outcome);
            obey(wait_at_entry(frame, in_.vcpu.special_registers()));
            exception.rip = frame.rip;
            exception.rsp = frame.rsp;
            exception.rflags = frame.rflags;
            const kvm_regs ring0 = registers;
            registers = registers_of(frame);
            registers.rip = ring0.rip;
            registers.rsp = ring0.rsp;
            registers.rflags = ring0.rflags;
            return in_.vcpu.set_registers();
        }
    }
    if (in_upcall_) end_fault("a fault while the image handled another", frame);
    exception.rsp = push_frame(frame, registers);
    exception.rip = in_.upcall;
    exception.rflags = kUpcallFlags;
    in_.vcpu.set_registers();
}

bool Runner::resume(const holm_upcall_frame& frame) {
    if (!in_upcall_) return false;
    in_upcall_ = false;
    kvm_regs& r = in_.vcpu.registers();
    r = registers_of(frame);
    in_.vcpu.set_registers();
    return true;
}

}  // namespace holm::tender
