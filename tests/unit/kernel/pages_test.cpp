#include "kernel/memory/pages.h"

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/kernel/region.h"

using namespace holm;
using namespace holm::memory;
using tests::Random;
using tests::Region;

TEST_CASE("a region must be page aligned and hold more than its records") {
    Region region(4);
    CHECK(!PageAllocator::create(region.bytes().subspan(16)));
    CHECK(!PageAllocator::create(region.bytes().subspan(0, kPageSize)));
    const Result<PageAllocator> pages = PageAllocator::create(region.bytes());
    REQUIRE(pages);
    CHECK(pages->statistics().total == 3);
}

TEST_CASE("start touches nothing and records are touched with their pages") {
    Region region(4096);
    PageAllocator pages = *PageAllocator::create(region.bytes());
    CHECK(region.touched_pages() == 0);
    const PageRun run = pages.allocate(8);
    REQUIRE(run);
    CHECK(region.touched_pages() == 1);
    CHECK(pages.statistics().touched == 8);
}

TEST_CASE("freed runs join their neighbours and the frontier takes back what borders on it") {
    Region region(64);
    PageAllocator pages = *PageAllocator::create(region.bytes());
    const std::size_t total = pages.statistics().total;
    const PageRun a = pages.allocate(3);
    const PageRun b = pages.allocate(5);
    const PageRun c = pages.allocate(7);
    const PageRun d = pages.allocate(1);
    pages.release(a.first, a.length);
    pages.release(c.first, c.length);
    CHECK(pages.allocate(16).first > d.first);  // neither hole holds 16 pages yet
    pages.release(b.first, b.length);
    CHECK(pages.allocate(15).first == a.first);
    pages.release(a.first, 15);
    pages.release(d.first + 1, 16);
    pages.release(d.first, 1);
    CHECK(pages.statistics().used == 0);
    CHECK(pages.statistics().peak == 32);
    CHECK(pages.allocate(total).length == total);
    CHECK(!pages.allocate(1));
}

TEST_CASE("only pages that were never handed out count as fresh") {
    Region region(64);
    PageAllocator pages = *PageAllocator::create(region.bytes());
    const PageRun a = pages.allocate(4);
    CHECK(a.fresh_from == 0);
    pages.release(a.first, 4);
    const PageRun b = pages.allocate(6);
    CHECK(b.first == a.first);
    CHECK(b.fresh_from == 4);
}

TEST_CASE("aligned runs leave no hole behind") {
    Region region(256);
    PageAllocator pages = *PageAllocator::create(region.bytes());
    const PageRun odd = pages.allocate(1);
    const PageRun run = pages.allocate(4, 32);
    REQUIRE(run);
    CHECK(reinterpret_cast<std::uintptr_t>(pages.address_of(run.first)) % (32 * kPageSize) == 0);
    CHECK(pages.statistics().used == 5);
    pages.release(run.first, run.length);
    pages.release(odd.first, 1);
    CHECK(pages.allocate(pages.statistics().total));
}

TEST_CASE("a run grows over the free run or the frontier behind it and can be cut") {
    Region region(64);
    PageAllocator pages = *PageAllocator::create(region.bytes());
    const PageRun a = pages.allocate(2);
    CHECK(pages.grow(a.first, 6));
    const PageRun b = pages.allocate(2);
    CHECK(!pages.grow(a.first, 7));
    pages.shrink(a.first, 3);
    CHECK(pages.grow(a.first, 5));
    CHECK(!pages.grow(a.first, 7));
    pages.split(a.first, 2);
    pages.release(a.first, 2);
    pages.release(a.first + 2, 3);
    pages.release(b.first, b.length);
    CHECK(pages.statistics().used == 0);
    CHECK(!pages.allocate(std::size_t{1} << 40));
    CHECK(!pages.allocate(SIZE_MAX));
}

TEST_CASE("random runs never overlap and everything comes back") {
    const std::uint64_t seed = tests::seed();
    CAPTURE(seed);
    Random random(seed);
    Region region(2048);
    PageAllocator pages = *PageAllocator::create(region.bytes());
    const std::size_t total = pages.statistics().total;
    std::vector<bool> taken(total);
    std::vector<PageRun> runs;
    std::size_t used = 0;
    const auto mark = [&](PageIndex first, std::size_t length, bool value) {
        for (std::size_t i = 0; i < length; ++i) {
            REQUIRE(taken.at(first + i) != value);
            taken[first + i] = value;
        }
        used = value ? used + length : used - length;
    };
    for (int step = 0; step < 20'000; ++step) {
        const std::uint64_t action = random.below(8);
        if (action < 3 || runs.empty()) {
            const PageRun run =
                pages.allocate(1 + random.below(random.below(8) == 0 ? 200 : 12),
                               std::size_t{1} << (random.below(4) == 0 ? random.below(5) : 0));
            if (!run) continue;
            mark(run.first, run.length, true);
            runs.push_back(run);
        } else {
            const std::size_t which = random.below(runs.size());
            PageRun& run = runs[which];
            if (action == 3) {
                const auto longer = run.length + 1 + static_cast<std::uint32_t>(random.below(8));
                if (pages.grow(run.first, longer)) {
                    mark(run.first + run.length, longer - run.length, true);
                    run.length = longer;
                }
            } else if (action == 4 && run.length > 1) {
                const auto shorter = 1 + static_cast<std::uint32_t>(random.below(run.length));
                pages.shrink(run.first, shorter);
                mark(run.first + shorter, run.length - shorter, false);
                run.length = shorter;
            } else {
                pages.release(run.first, run.length);
                mark(run.first, run.length, false);
                run = runs.back();
                runs.pop_back();
            }
        }
        REQUIRE(pages.statistics().used == used);
    }
    for (const PageRun& run : runs) pages.release(run.first, run.length);
    CHECK(pages.allocate(total).length == total);
}
