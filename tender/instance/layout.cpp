#include "tender/instance/layout.h"

#include "abi/boot_info.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = elf::kPageSize;

constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return align_down(value + alignment - 1, alignment);
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
    layout.base = input.base;
    layout.alternate = {layout.base + page_up(input.image_span) + kPage, kAlternateStackSize};
    layout.stack.start = layout.alternate.start + layout.alternate.size + kPage;
    place_boot_block(input, layout);
    std::uint64_t next = layout.stack.start + layout.stack.size + kPage;
    layout.rings = {next, page_up(input.rings_size)};
    if (layout.rings.size != 0) next += layout.rings.size + kPage;
    layout.heap = {align_up(next, input.heap_alignment), input.heap_size};
    return layout;
}

std::uint64_t random_base(std::uint64_t random) {
    return kLowestBase + align_down(random % kBaseRange, kPage);
}

}  // namespace holm::tender
