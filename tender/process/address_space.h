#pragma once

// The instance's address space inside the tender's own, whose other part goes away at departure (gate.h).

#include "abi/boot_info.h"
#include "tender/instance/layout.h"
#include "tender/loader/load_plan.h"

namespace holm::tender {

// Where the kernel can, everything but the heap (in which the guest makes guard pages) is sealed: no later
// call changes or removes these mappings.
void seal_instance(const LoadPlan& plan, const Layout& layout, std::uint32_t worker_count,
                   std::uint64_t gate);

// Tells the kernel where the command line and the rest of the process are now, so that `ps` shows the image's
// name and arguments. The tender's own, which the kernel knows from exec, is about to be unmapped. Kernels
// that cannot: no harm.
void announce_layout(const LoadPlan& plan, const Layout& layout, const holm_boot_info& info);

// Moves the gate page out of the tender's text to its place.
void move_gate(std::uint64_t gate);

}  // namespace holm::tender
