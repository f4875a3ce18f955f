#pragma once

// The parts of an instance's address space, made inside the tender's own.

#include <cstdint>

#include "tender/instance/layout.h"
#include "tender/loader/load_plan.h"

namespace holm::tender {

// How a tender puts memory at a place.
struct MapMode {
    std::uint64_t offset;  // the tender's address of a byte less the guest's, modulo 2^64
    int flags;             // MAP_FIXED_NOREPLACE, or MAP_FIXED inside a reservation; MAP_POPULATE
    int protections;       // those that a mapping of the tender may have at all (PROT_READ | ...)
};

// Maps the image's segments straight from its file, the stacks, the rings and the heap. False: something lies
// there already, try another base. Every other failure ends the tender.
bool map_instance(int image, const LoadPlan& plan, const Layout& layout, const MapMode& mode);

// RELRO becomes read-only, once the relocations are applied.
void protect_relro(const LoadPlan& plan, const Layout& layout, const MapMode& mode);

}  // namespace holm::tender
