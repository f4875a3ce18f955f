#pragma once

// What the process tender adds to the layout of an instance: a place for the gate page, and the list of all
// that goes away at departure. Pure arithmetic.

#include <array>
#include <cstdint>
#include <span>

#include "tender/instance/layout.h"
#include "tender/process/gate.h"

namespace holm::tender {

// A random page in a range of its own above the bases of images, so that the two can never overlap.
std::uint64_t random_gate(std::uint64_t random);

// All of the user's half of the address space but the layout's ranges and the gate, ascending. `plan` has the
// image's segments.
struct HoleList {
    std::array<Hole, Departure::kMaxHoles> items;
    std::size_t count = 0;
    std::span<const Hole> span() const { return {items.data(), count}; }
};
HoleList holes_of(const Layout& layout, std::uint32_t worker_count, std::uint64_t gate, const LoadPlan& plan);

}  // namespace holm::tender
