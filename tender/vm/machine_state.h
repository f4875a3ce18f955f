#pragma once

// A guest that stands still, as debuggers see it: its registers in one place, wherever they are, and its
// memory through its own page tables.

#include "abi/hypercalls.h"
#include "tender/debug/core_file.h"
#include "tender/vm/guest_memory.h"
#include "tender/vm/page_tables.h"

struct kvm_sregs;

namespace holm::tender {

// Between the guest's registers as the runner has them and as debuggers want them.
void copy_registers(const holm_upcall_frame& from, const kvm_sregs& special, CoreRegisters& to);
void copy_registers(const CoreRegisters& from, holm_upcall_frame& to);

// Floating-point and vector registers. False: the kernel refuses.
bool read_extended_state(int processor, ExtendedState& state);
bool write_extended_state(int processor, const ExtendedState& state);

// What ring 3 has mapped, for reading and, whatever its protection is, for writing: breakpoints lie in code.
class DebuggedMemory final : public CoreSource {
  public:
    DebuggedMemory(const GuestMemory& memory, const PageTables& tables, std::uint64_t backed)
        : memory_(memory), tables_(tables), backed_(backed) {}

    // Of [address, address + size) what there is from the start, up to the end of a page.
    MutableBytes at(std::uint64_t address, std::uint64_t size) const;

    bool read(std::uint64_t address, MutableBytes page) override;

  private:
    const GuestMemory& memory_;
    const PageTables& tables_;
    std::uint64_t backed_;  // bytes of physical memory; what lies above are doorbells
};

}  // namespace holm::tender
