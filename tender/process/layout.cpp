#include "tender/process/layout.h"

#include "abi/boot_info.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = elf::kPageSize;

// The kernel puts programs that are not position independent below 2^32, and what it places itself right
// below kUserEnd: the bases come from the 64 TiB between, which leaves 34 random bits.
constexpr std::uint64_t kLowestBase = std::uint64_t{1} << 44;
constexpr std::uint64_t kBaseRange = std::uint64_t{1} << 46;
constexpr std::uint64_t kUserEnd = 0x7ffffffff000;  // 47 bits less the last page, which is never mapped

// The gate is in a range of its own above the bases, so that the two can never overlap.
constexpr std::uint64_t kLowestGate = kLowestBase + kBaseRange + 4 * HOLM_MEMORY_LIMIT;
constexpr std::uint64_t kGateRange = std::uint64_t{1} << 44;
static_assert(kLowestGate + kGateRange < kUserEnd - (std::uint64_t{1} << 42));

constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}

// The used head of the boot info, the strings and the first frames of the stack are to share one page: each
// page that is touched costs a fault. So the used head ends where a page ends; the rest of the structure is
// never touched.
void place_boot_block(const LayoutInput& input, Layout& layout) {
    const std::uint64_t used =
        offsetof(holm_boot_info, devices) + input.device_count * sizeof(holm_boot_device);
    const std::uint64_t head = (used + 63) / 64 * 64;
    const std::uint64_t below = page_up(input.stack_size + input.strings_size + 64 + head);
    layout.boot_info = layout.stack.start + below - head;
    layout.strings = layout.boot_info - input.strings_size;
    layout.stack_top = align_down(layout.strings, 16);
    layout.stack.size = page_up(layout.boot_info + sizeof(holm_boot_info)) - layout.stack.start;
}

}  // namespace

Layout compute_layout(const LayoutInput& input) {
    Layout layout{};
    layout.base = kLowestBase + align_down(input.random_base % kBaseRange, kPage);
    layout.alternate = {layout.base + page_up(input.image_span) + kPage, kAlternateStackSize};
    layout.stack.start = layout.alternate.start + layout.alternate.size + kPage;
    place_boot_block(input, layout);
    layout.heap = {layout.stack.start + layout.stack.size + kPage, input.heap_size};
    layout.gate = kLowestGate + align_down(input.random_gate % kGateRange, kPage);
    return layout;
}

HoleList holes_of(const Layout& layout, const LoadPlan& plan) {
    HoleList holes;
    std::uint64_t free_from = 0;
    const auto keep = [&](std::uint64_t start, std::uint64_t size) {
        if (start > free_from) holes.items[holes.count++] = {free_from, start - free_from};
        free_from = start + page_up(size);
    };
    for (const Segment& segment : plan.segments())
        keep(layout.base + (segment.address - plan.link_base), segment.memory_size);
    keep(layout.alternate.start, layout.alternate.size);
    keep(layout.stack.start, layout.stack.size);
    keep(layout.heap.start, layout.heap.size);
    keep(layout.gate, kPage);
    keep(kUserEnd, 0);
    return holes;
}

}  // namespace holm::tender
