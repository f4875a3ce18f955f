#pragma once

// Where everything lies in the guest's address space; pure arithmetic, the same for every tender.
//
//   image | gap | alternate stack | gap | stack, boot block | gap | rings | gap | heap
//
// A gap is one page that is never mapped: what runs off the end of a stack or of the heap meets nothing.

#include <cstdint>

#include "tender/loader/load_plan.h"

namespace holm::tender {

// Upcalls run here; the kernel, or the image, puts the interrupted machine state on it too (at most 12 KiB
// with AMX).
constexpr std::uint64_t kAlternateStackSize = 64 * 1024;

struct Layout {
    std::uint64_t base;       // of the image
    AddressRange alternate;   // stack
    AddressRange stack;       // mapping of the first stack with the boot block at its upper end
    std::uint64_t stack_top;  // where the stack begins, growing down; 16-byte aligned
    std::uint64_t strings;    // arguments and environment, up to the boot info
    std::uint64_t boot_info;  // struct holm_boot_info
    AddressRange rings;       // of the virtqueues; size 0: none, and no gap for them
    AddressRange heap;

    std::uint64_t end() const { return heap.start + heap.size; }
};

struct LayoutInput {
    std::uint64_t base;
    std::uint64_t image_span;
    std::uint64_t stack_size;
    std::uint64_t strings_size;
    std::uint64_t device_count;
    std::uint64_t rings_size;
    std::uint64_t heap_size;
    std::uint64_t heap_alignment;  // a power of two, at least a page
};

Layout compute_layout(const LayoutInput& input);

// A page aligned base for an image: the random bits that programs of Linux have, 34 of them. Nothing that the
// kernel places by itself lies near.
std::uint64_t random_base(std::uint64_t random);

// The kernel puts programs that are not position independent below 2^32, and what it places itself right
// below kUserEnd: the bases come from the 64 TiB between.
constexpr std::uint64_t kLowestBase = std::uint64_t{1} << 44;
constexpr std::uint64_t kBaseRange = std::uint64_t{1} << 46;
constexpr std::uint64_t kUserEnd = 0x7ffffffff000;  // 47 bits less the last page, which is never mapped

}  // namespace holm::tender
