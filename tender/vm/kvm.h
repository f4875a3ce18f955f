#pragma once

// Sets a virtual machine up by means of /dev/kvm. Whatever KVM lacks or refuses ends the tender with one
// sentence that says so and what to use instead.

#include <cstdint>

#include <linux/kvm.h>

#include "tender/vm/address_map.h"

namespace holm::tender {

struct Kvm {
    int machine;
    int processor;
    kvm_run* run;                // shared with the kernel
    std::uint64_t vector_state;  // XCR0
    std::uint64_t protections;   // bits of CR4 that this processor has: SMEP, UMIP
};

// The machine and its one processor, without memory. Nothing of it will lie at or above `physical_end`.
Kvm create_machine(std::uint64_t physical_end);

// One slot of memory, from physical address 0 on.
void give_memory(const Kvm& kvm, std::byte* memory, std::uint64_t size);

// CPUID, vector state, and the guest's time stamp counter: equal to the host's.
void set_processor(Kvm& kvm);

// Segments, tables, control registers and general registers for the first instruction, in ring 3.
void set_entry(const Kvm& kvm, const AddressMap& map, const kvm_regs& registers);

// The frequency of the time stamp counter in Hz as the kernel knows it; 0: it does not.
std::uint64_t tsc_frequency(const Kvm& kvm);

}  // namespace holm::tender
