#include "kernel/panic/fault.h"

#include "abi/boot_info.h"
#include "base/text_buffer.h"
#include "kernel/core.h"
#include "kernel/memory/pages.h"
#include "kernel/panic/image.h"
#include "kernel/panic/report.h"
#include "kernel/task/executor.h"
#include "kernel/task/fiber.h"

namespace holm {
namespace {

constexpr std::uint64_t kNearNull = 64 * 1024;

// What lies below a stack: one page, which a large frame may overshoot.
bool is_below_stack(std::uint64_t address, std::uint64_t stack_low) {
    return address < stack_low && stack_low - address <= 4 * memory::kPageSize;
}

const char* guess(const Fault& fault, const Registers& registers) {
    const Core& core = this_core();
    if (!fault.has_address)
        return "a pointer that was overwritten or never set, or one that is not aligned as its type is";
    if (fault.address < kNearNull) return "a null pointer, or a member of an object at one";
    if (is_below_stack(fault.address, core.boot->stack_low)) {
        return "the stack is full: recursion that does not end, or large local objects";
    }
    const Fiber* fiber = core.executor ? core.executor->running_fiber() : nullptr;
    if (fiber && is_below_stack(fault.address, reinterpret_cast<std::uint64_t>(fiber->start().stack_low))) {
        return "the fiber's stack is full: recursion that does not end, or large local objects";
    }
    // A thread's stack, whose bounds only the C library knows: the guard page lies in the heap.
    if (fault.address - registers.rsp + memory::kPageSize < 2 * memory::kPageSize) {
        return "probably a full stack: the address is next to the stack pointer";
    }
    const ImageLayout image = image_layout(*core.boot);
    if (image.is_code(fault.address) && fault.write) return "the address is code, which cannot be written";
    if (image.read_only.contains(fault.address) || (image.whole.contains(fault.address) && fault.write)) {
        return "the address is constant data, which cannot be written";
    }
    if (fault.execute) return "a call or jump to what is not code";
    if (fault.address >= core.boot->heap_start &&
        fault.address < core.boot->heap_start + core.boot->heap_size) {
        return "the address is a guard page in the heap";
    }
    return "nothing is mapped there: a pointer that was overwritten, freed or never set";
}

// After a call of what is not code, the place of the call: it has pushed where to return to.
std::uint64_t caller(const Registers& registers) {
    const holm_boot_info& boot = *this_core().boot;
    const AddressRange stack{boot.stack_low, boot.stack_low + boot.stack_size};
    const AddressRange heap{boot.heap_start, boot.heap_start + boot.heap_size};
    if (!stack.contains(registers.rsp, 8) && !heap.contains(registers.rsp, 8)) return registers.rip;
    return *reinterpret_cast<const std::uint64_t*>(registers.rsp) - 1;
}

}  // namespace

void panic_fault(const Fault& fault, const Registers& registers) {
    TextBuffer<96> what;
    const char* detail = nullptr;
    switch (fault.kind) {
        case FaultKind::kAccess:
            what << (fault.execute ? "cannot execute" : fault.write ? "cannot write to" : "cannot read");
            if (fault.has_address) {
                (what << " address 0x").hex(fault.address);
            } else {
                what << " an address";
            }
            detail = guess(fault, registers);
            break;
        case FaultKind::kBus:
            (what << "the memory at 0x").hex(fault.address) << " is gone (bus error)";
            detail = "the image's file was cut short while it ran, or the host has no memory left";
            break;
        case FaultKind::kInstruction:
            what << "an instruction that is made to stop the program (ud2)";
            detail = "a library assertion, code that cannot be reached, or __builtin_trap()";
            break;
        case FaultKind::kArithmetic:
            what << "an integer division by zero or with too large a result";
            break;
        case FaultKind::kBreakpoint:
            what << "a breakpoint instruction, and no debugger";
            break;
    }
    what << '\0';
    panic_with({.title = "panic",
                .what = what.text().data(),
                .detail = detail,
                .instruction_pointer = fault.execute ? caller(registers) : registers.rip,
                .frame_pointer = registers.rbp,
                .registers = &registers});
}

}  // namespace holm
