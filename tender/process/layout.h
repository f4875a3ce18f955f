#pragma once

// Where everything lies in the instance's address space; pure arithmetic.
//
//   image | gap | alternate stack | gap | stack, boot block | gap | heap          ...          gate
//
// One random base for the first five, another for the gate. A gap is one page that is never mapped: what runs
// off the end of a stack or of the heap meets nothing.

#include <array>
#include <cstdint>
#include <span>

#include "tender/loader/load_plan.h"
#include "tender/process/gate.h"

namespace holm::tender {

// Upcalls run here; the kernel puts the interrupted machine state on it too (at most 12 KiB with AMX).
constexpr std::uint64_t kAlternateStackSize = 64 * 1024;

struct Layout {
    std::uint64_t base;       // of the image
    AddressRange alternate;   // stack
    AddressRange stack;       // mapping of the first stack with the boot block at its upper end
    std::uint64_t stack_top;  // where the stack begins, growing down; 16-byte aligned
    std::uint64_t strings;    // arguments and environment, up to the boot info
    std::uint64_t boot_info;  // struct holm_boot_info
    AddressRange heap;
    std::uint64_t gate;

    std::uint64_t end() const { return heap.start + heap.size; }
};

struct LayoutInput {
    std::uint64_t image_span;
    std::uint64_t stack_size;
    std::uint64_t strings_size;
    std::uint64_t device_count;
    std::uint64_t heap_size;
    std::uint64_t random_base;
    std::uint64_t random_gate;
};

Layout compute_layout(const LayoutInput& input);

// All of the user's half of the address space but the layout's ranges, ascending. `segments` are those of the
// image.
struct HoleList {
    std::array<Hole, Departure::kMaxHoles> items;
    std::size_t count = 0;
    std::span<const Hole> span() const { return {items.data(), count}; }
};
HoleList holes_of(const Layout& layout, const LoadPlan& plan);

}  // namespace holm::tender
