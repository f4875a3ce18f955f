#pragma once

// The instance's address space, made inside the tender's own; the tender's part goes away at departure
// (gate.h).

#include "tender/loader/load_plan.h"
#include "tender/process/layout.h"

namespace holm::tender {

// Maps the image's segments straight from its file, the stacks and the heap. False: something lies there
// already, try another base. Every other failure ends the tender.
bool map_instance(int image, const LoadPlan& plan, const Layout& layout);

// Exact protections: RELRO becomes read-only. Then, where the kernel can, everything but the heap (in which
// the guest makes guard pages) is sealed: no later call changes or removes these mappings.
void protect_instance(const LoadPlan& plan, const Layout& layout);

// Moves the gate page out of the tender's text to its place.
void move_gate(std::uint64_t gate);

}  // namespace holm::tender
