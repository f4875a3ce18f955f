#include "kernel/platform/virtio/page_tables.h"

#include <cstring>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

using holm::platform::PageAccess;
using holm::platform::PageTables;

namespace {

constexpr std::uint64_t kPhysical = 0x400000;
constexpr std::uint64_t kWrite = 2, kUser = 4, kNoExecute = std::uint64_t{1} << 63;

// As the processor walks them.
struct Space {
    // Dirty, as memory may be.
    std::vector<std::uint64_t> memory = std::vector<std::uint64_t>(64 * 512, 0x5555555555555555);
    PageTables tables{std::as_writable_bytes(std::span(memory)), kPhysical};

    std::optional<std::uint64_t> entry(std::uint64_t address) const {
        std::uint64_t at = tables.root();
        for (int shift = 39;; shift -= 9) {
            const std::uint64_t found = memory[(at - kPhysical) / 8 + (address >> shift & 511)];
            if ((found & 1) == 0) return std::nullopt;
            if (shift == 12) return found;
            at = found & 0x000ffffffffff000;
        }
    }
};

}  // namespace

TEST_CASE("pages are where they were mapped, and nowhere else") {
    Space space;
    // Across the end of a table at each of two levels.
    const std::uint64_t base = 0x7f00'3fff'f000;
    REQUIRE(space.tables.map(base, 0x200000, 3, PageAccess::kReadWrite));
    CHECK_FALSE(space.entry(base - 4096));
    CHECK_FALSE(space.entry(base + 3 * 4096));
    for (std::uint64_t i = 0; i < 3; ++i)
        CHECK((*space.entry(base + i * 4096) & 0x000ffffffffff000) == 0x200000 + i * 4096);
    CHECK_FALSE(space.entry(0));
}

TEST_CASE("what may be done with a page") {
    Space space;
    auto bits = [&, at = std::uint64_t{0x10000}](PageAccess access) mutable {
        at += 4096;
        REQUIRE(space.tables.map(at, 0x200000, 1, access));
        return *space.entry(at) & (kWrite | kUser | kNoExecute);
    };
    CHECK(bits(PageAccess::kRead) == (kUser | kNoExecute));
    CHECK(bits(PageAccess::kReadWrite) == (kUser | kWrite | kNoExecute));
    CHECK(bits(PageAccess::kReadExecute) == kUser);
    CHECK(bits(PageAccess::kDevice) == (kUser | kWrite | kNoExecute));
    CHECK(bits(PageAccess::kRing0ReadWrite) == (kWrite | kNoExecute));
    CHECK(bits(PageAccess::kRing0ReadExecute) == 0);
}

TEST_CASE("no page is mapped twice, none outside of the lower half") {
    Space space;
    CHECK(space.tables.map(0x1000, 0x1000, 2, PageAccess::kRead));
    CHECK(space.tables.map(0x2000, 0x5000, 1, PageAccess::kRead).error().code == holm::ErrorCode::kExists);
    CHECK_FALSE(space.tables.map(0x1800, 0x1000, 1, PageAccess::kRead));
    CHECK_FALSE(space.tables.map(0x3000, 0x1001, 1, PageAccess::kRead));
    CHECK_FALSE(space.tables.map(0x8000'0000'0000, 0x1000, 1, PageAccess::kRead));
    CHECK_FALSE(space.tables.map(0x7fff'ffff'f000, 0x1000, 2, PageAccess::kRead));
    CHECK_FALSE(space.tables.map(0x4000, 0xffff'ffff'f000, ~std::uint64_t{0}, PageAccess::kRead));
}

TEST_CASE("the tables that a run needs are no more than was foretold") {
    for (const std::uint64_t pages : {1, 2, 511, 512, 513, 10'000}) {
        for (const std::uint64_t base : {0x7f00'3fff'f000, 0x7f00'0000'0000, 0x7eff'ffff'f000}) {
            Space space;
            REQUIRE(space.tables.map(base, 0, pages, PageAccess::kRead));
            CHECK(space.tables.used() <= PageTables::bytes_for(pages) + 4096);
        }
    }
}

TEST_CASE("memory for tables may run out") {
    std::vector<std::uint64_t> memory(3 * 512);
    PageTables tables(std::as_writable_bytes(std::span(memory)), kPhysical);
    CHECK(tables.map(0x1000, 0x1000, 1, PageAccess::kRead).error().code == holm::ErrorCode::kOutOfMemory);
    PageTables none({}, kPhysical);
    CHECK_FALSE(none.map(0x1000, 0x1000, 1, PageAccess::kRead));
}
