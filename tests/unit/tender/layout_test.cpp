#include "tender/process/layout.h"

#include <doctest/doctest.h>

#include "abi/boot_info.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = 4096;

LayoutInput example() {
    return {.image_span = 0x5123,
            .stack_size = 64 << 10,
            .strings_size = 100,
            .device_count = 1,
            .heap_size = 4 << 20,
            .random_base = 0x123456789abcdef,
            .random_gate = 0xfedcba987654321};
}

LoadPlan plan_of(std::initializer_list<AddressRange> segments) {
    LoadPlan plan{};
    for (const AddressRange& range : segments)
        plan.segment_storage[plan.segment_count++] = {0, range.start, range.size, range.size, elf::kRead};
    plan.link_base = segments.begin()->start;
    return plan;
}

}  // namespace

TEST_CASE("everything is page aligned, in order, with a page between that is never mapped") {
    for (const std::uint64_t strings :
         {std::uint64_t{1}, std::uint64_t{100}, std::uint64_t{4096}, std::uint64_t{100'000}})
        for (const std::uint64_t devices : {0, 1, 64}) {
            LayoutInput input = example();
            input.strings_size = strings;
            input.device_count = devices;
            const Layout layout = compute_layout(input);
            CHECK(layout.base % kPage == 0);
            CHECK(layout.gate % kPage == 0);
            CHECK(layout.alternate.start == layout.base + 0x6000 + kPage);
            CHECK(layout.stack.start == layout.alternate.start + layout.alternate.size + kPage);
            CHECK(layout.stack.size % kPage == 0);
            CHECK(layout.heap.start == layout.stack.start + layout.stack.size + kPage);
            CHECK(layout.heap.size == input.heap_size);
            CHECK(layout.stack_top % 16 == 0);
            CHECK(layout.stack_top - layout.stack.start >= input.stack_size);
            CHECK(layout.stack_top <= layout.strings);
            CHECK(layout.strings + strings == layout.boot_info);
            CHECK(layout.boot_info % 8 == 0);
            CHECK(layout.boot_info + sizeof(holm_boot_info) <= layout.stack.start + layout.stack.size);
        }
}

TEST_CASE("no random number leads out of the user's half, nor the gate into the rest") {
    for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 46})
        for (const std::uint64_t gate : {std::uint64_t{0}, ~std::uint64_t{0}}) {
            LayoutInput input = example();
            input.random_base = random;
            input.random_gate = gate;
            input.image_span = kMaxImageSpan;
            input.stack_size = HOLM_STACK_LIMIT;
            input.heap_size = HOLM_MEMORY_LIMIT;
            const Layout layout = compute_layout(input);
            CHECK(layout.base >= std::uint64_t{1} << 44);
            CHECK(layout.end() < layout.gate);
            CHECK(layout.gate + kPage < std::uint64_t{1} << 47);
        }
}

TEST_CASE("holes are all that is not kept") {
    const Layout layout = compute_layout(example());
    // Two segments with a gap, as a strange but valid image may have.
    const LoadPlan plan = plan_of({{0x200000, 0x1800}, {0x203000, 0x2000}});
    const HoleList holes = holes_of(layout, plan);
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

TEST_CASE("an image with as many segments as allowed has room for its holes") {
    LoadPlan plan{};
    for (std::uint64_t i = 0; i < kMaxSegments; i++)
        plan.segment_storage[plan.segment_count++] = {0, 0x200000 + i * 0x2000, 0x1000, 0x1000, elf::kRead};
    plan.link_base = 0x200000;
    LayoutInput input = example();
    input.image_span = kMaxSegments * 0x2000;
    CHECK(holes_of(compute_layout(input), plan).count == Departure::kMaxHoles);
}

}  // namespace holm::tender
