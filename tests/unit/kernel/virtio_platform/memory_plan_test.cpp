#include "kernel/platform/virtio/memory_plan.h"

#include <doctest/doctest.h>

using holm::platform::MemoryPlan;
using holm::platform::MemoryRange;

TEST_CASE("memory behind the image is handed out in order, and the rest is the heap") {
    const MemoryRange memory[] = {{0, 0x9f000}, {0x100000, 0x1000000}};
    auto plan = MemoryPlan::create(memory, {0x200000, 0x240000});
    REQUIRE(plan);
    CHECK(plan->take(1) == 0x240000u);
    CHECK(plan->take_behind_gap(0x2000) == 0x242000u);
    CHECK(plan->taken() == 0x244000);
    CHECK(plan->heap(0x1000, 0) == MemoryRange{0x245000, 0x1000000});
    CHECK(plan->heap(0x1000, 0x10000) == MemoryRange{0x245000, 0x255000});
    CHECK(plan->heap(0x1000, 0x10000000) == MemoryRange{0x245000, 0x1000000});
    CHECK(plan->top() == 0x1000000);
}

TEST_CASE("a larger piece of memory elsewhere is the heap") {
    const MemoryRange memory[] = {{0x100000, 0x80000000}, {0x100000000, 0x400000000}};
    auto plan = MemoryPlan::create(memory, {0x200000, 0x240000});
    REQUIRE(plan);
    CHECK(plan->heap(0x1000, 0) == MemoryRange{0x100000000, 0x400000000});
    CHECK(plan->heap(0x1000, 0x1000000).start == 0x241000);  // near is good enough
}

TEST_CASE("there may be too little") {
    const MemoryRange memory[] = {{0x100000, 0x250000}};
    CHECK_FALSE(MemoryPlan::create(memory, {0x200000, 0x251000}));
    CHECK_FALSE(MemoryPlan::create({}, {0x200000, 0x240000}));
    auto plan = MemoryPlan::create(memory, {0x200000, 0x240000});
    REQUIRE(plan);
    CHECK_FALSE(plan->take(0x10001));
    CHECK_FALSE(plan->take(~std::uint64_t{0}));
    CHECK(plan->heap(0x20000, 0).size() == 0);
    CHECK(plan->take(0x10000));
    CHECK(plan->heap(0, 0).size() == 0);
}
