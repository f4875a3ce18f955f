#pragma once

// What the processor needs besides page tables, and the whole of the code that ever runs in ring 0: for each
// exception a few instructions that tell the tender, and return to ring 3 by the frame that the tender has
// written meanwhile.

#include <cstdint>
#include <span>

#include <linux/kvm.h>

#include "tender/vm/address_map.h"

namespace holm::tender {

// Offsets in the page of tables.
constexpr std::uint64_t kIdtOffset = 0;
constexpr std::uint64_t kIdtSize =
    32 * 16;  // the exceptions; every other vector is a general protection fault
constexpr std::uint64_t kGdtOffset = 0x400;
constexpr std::uint64_t kGdtSize = 0x50;
constexpr std::uint64_t kTssOffset = 0x600;
constexpr std::uint64_t kTssSize = 0x68;  // ends where an I/O bitmap would begin: no ports for ring 3

constexpr std::uint16_t kKernelCodeSegment = 0x10;
constexpr std::uint16_t kUserDataSegment = 0x2b;
constexpr std::uint16_t kUserCodeSegment = 0x33;
constexpr std::uint16_t kTaskStateSegment = 0x40;

constexpr std::uint32_t kExceptions = 32;

// What the stub leaves at the top of its stack, going up: its own two words, then the processor's.
struct ExceptionFrame {
    std::uint64_t vector;
    std::uint64_t error_code;
    std::uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(ExceptionFrame) == 56);

// Offset of that frame in the page of stacks. Interrupts that come at any time (NMI, double fault, machine
// check) have stacks of their own.
std::uint64_t exception_frame_offset(std::uint32_t vector);

using PageBytes = std::span<std::uint8_t, 4096>;

void write_system_tables(PageBytes page, const AddressMap& map);
void write_stub(PageBytes page, const AddressMap& map);

// Segments and tables of a processor that runs in ring 3; control registers are the caller's.
void set_segments(kvm_sregs& registers, const AddressMap& map);

}  // namespace holm::tender
