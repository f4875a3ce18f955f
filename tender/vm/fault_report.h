#pragma once

// The tender's own screen about a fault that the image cannot report any more.

#include <string_view>

#include "abi/hypercalls.h"
#include "tender/vm/machine_state.h"

namespace holm::tender {

// As the processor's manual calls it: "page fault".
std::string_view exception_name(std::uint32_t vector);

// Registers and, by frame pointers, return addresses; addresses of code as the image's file has them.
// The memory is that which the guest has now: a stack that has overflowed lies above a guard page.
// `title` begins the line above the addresses: "where", or "interrupted" for what came first (`holm run`
// names the functions of both). `link_offset`: the guest's address less that of the file.
void print_fault(std::string_view title, const holm_upcall_frame& frame, const DebuggedMemory& memory,
                 std::uint64_t link_offset);

}  // namespace holm::tender
