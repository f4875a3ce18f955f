#include "tender/instance/layout.h"

#include <doctest/doctest.h>

#include "abi/boot_info.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = 4096;

LayoutInput example() {
    return {.base = random_base(0x123456789abcdef),
            .image_span = 0x5123,
            .stack_size = 64 << 10,
            .strings_size = 100,
            .device_count = 1,
            .rings_size = 0,
            .heap_size = 4 << 20,
            .heap_alignment = kPage};
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

TEST_CASE("the virtqueues get a place of their own, and the heap the alignment that it needs") {
    LayoutInput input = example();
    input.rings_size = 5000;
    input.heap_alignment = 2 << 20;
    const Layout layout = compute_layout(input);
    CHECK(layout.rings.start == layout.stack.start + layout.stack.size + kPage);
    CHECK(layout.rings.size == 2 * kPage);
    CHECK(layout.heap.start >= layout.rings.start + layout.rings.size + kPage);
    CHECK(layout.heap.start % (2 << 20) == 0);
}

TEST_CASE("no random number leads out of the user's half") {
    for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 46}) {
        LayoutInput input = example();
        input.base = random_base(random);
        input.image_span = kMaxImageSpan;
        input.stack_size = HOLM_STACK_LIMIT;
        input.heap_size = HOLM_MEMORY_LIMIT;
        const Layout layout = compute_layout(input);
        CHECK(layout.base >= std::uint64_t{1} << 44);
        CHECK(layout.base % kPage == 0);
        CHECK(layout.end() < kUserEnd);
    }
}

}  // namespace holm::tender
