#include "tender/process/placement.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = elf::kPageSize;

constexpr std::uint64_t kLowestGate = kLowestBase + kBaseRange + 4 * HOLM_MEMORY_LIMIT;
constexpr std::uint64_t kGateRange = std::uint64_t{1} << 44;
static_assert(kLowestGate + kGateRange < kUserEnd - (std::uint64_t{1} << 42));

}  // namespace

std::uint64_t random_gate(std::uint64_t random) {
    return kLowestGate + (random % kGateRange & ~(kPage - 1));
}

HoleList holes_of(const Layout& layout, std::uint32_t worker_count, std::uint64_t gate,
                  const LoadPlan& plan) {
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
    for (std::uint32_t i = 0; i < worker_count; i++)
        keep(worker_stack(layout, i).start, worker_stack(layout, i).size);
    keep(gate, kPage);
    keep(kUserEnd, 0);
    return holes;
}

}  // namespace holm::tender
