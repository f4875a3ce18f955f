#include "tender/process/placement.h"

#include <doctest/doctest.h>

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kRandomGate = 0xfedcba987654321;

Layout layout_of(std::uint64_t image_span) {
    return compute_layout({.base = random_base(0x123456789abcdef),
                           .image_span = image_span,
                           .stack_size = 64 << 10,
                           .strings_size = 100,
                           .device_count = 1,
                           .rings_size = 0,
                           .heap_size = 4 << 20,
                           .heap_alignment = kPage});
}

LoadPlan plan_of(std::initializer_list<AddressRange> segments) {
    LoadPlan plan{};
    for (const AddressRange& range : segments)
        plan.segment_storage[plan.segment_count++] = {0, range.start, range.size, range.size, elf::kRead};
    plan.link_base = segments.begin()->start;
    return plan;
}

}  // namespace

TEST_CASE("no random number puts the gate where an instance may lie, or out of the user's half") {
    for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}, kRandomGate}) {
        const std::uint64_t gate = random_gate(random);
        CHECK(gate % kPage == 0);
        CHECK(gate >= kLowestBase + kBaseRange + kMaxImageSpan + HOLM_STACK_LIMIT + HOLM_MEMORY_LIMIT);
        CHECK(gate + kPage < kUserEnd);
    }
}

TEST_CASE("holes are all that is not kept") {
    const Layout layout = layout_of(0x5123);
    const std::uint64_t gate = random_gate(kRandomGate);
    // Two segments with a gap, as a strange but valid image may have.
    const LoadPlan plan = plan_of({{0x200000, 0x1800}, {0x203000, 0x2000}});
    const HoleList holes = holes_of(layout, 0, gate, plan);
    std::uint64_t at = 0;
    std::uint64_t kept = 0;
    for (const Hole& hole : holes.span()) {
        CHECK(hole.start >= at);
        kept += hole.start - at;
        CHECK(hole.size > 0);
        at = hole.start + hole.size;
    }
    CHECK(holes.span()[0].start == 0);
    CHECK(at == 0x7ffffffff000);
    CHECK(kept == 0x2000 + 0x2000 + layout.alternate.size + layout.stack.size + layout.heap.size + kPage);
    CHECK(holes.span()[1].start == layout.base + 0x2000);
    CHECK(holes.span()[1].size == 0x1000);
}

TEST_CASE("the workers' stacks lie behind the heap, each with a page below it that is never mapped") {
    const Layout layout = layout_of(0x5123);
    std::uint64_t end = layout.end();
    for (std::uint32_t i = 0; i < kWorkerCount; i++) {
        const AddressRange stack = worker_stack(layout, i);
        CHECK(stack.start == end + kPage);
        CHECK(stack.size == kWorkerStackSize);
        end = stack.start + stack.size;
    }
    const LoadPlan plan = plan_of({{0x200000, 0x5000}});
    const std::uint64_t gate = random_gate(kRandomGate);
    std::uint64_t with = 0;
    std::uint64_t without = 0;
    for (const Hole& hole : holes_of(layout, kWorkerCount, gate, plan).span()) with += hole.size;
    for (const Hole& hole : holes_of(layout, 0, gate, plan).span()) without += hole.size;
    CHECK(without - with == kWorkerCount * kWorkerStackSize);
}

TEST_CASE("an image with as many segments as allowed has room for its holes") {
    LoadPlan plan{};
    for (std::uint64_t i = 0; i < kMaxSegments; i++)
        plan.segment_storage[plan.segment_count++] = {0, 0x200000 + i * 0x2000, 0x1000, 0x1000, elf::kRead};
    plan.link_base = 0x200000;
    const HoleList holes =
        holes_of(layout_of(kMaxSegments * 0x2000), kWorkerCount, random_gate(kRandomGate), plan);
    CHECK(holes.count == Departure::kMaxHoles);
}

}  // namespace holm::tender
