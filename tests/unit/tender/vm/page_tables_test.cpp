// The page tables as a processor would walk them.

#include "tender/vm/page_tables.h"

#include <map>
#include <vector>

#include <doctest/doctest.h>

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kLarge = 2 << 20;
constexpr std::uint64_t kBase = 0x2345'6789'a000;
constexpr std::uint64_t kData = kPageUser | kPageWrite | kPageNoExecute;

struct Pool {
    Pool(std::uint64_t start, std::uint64_t end)
        : words(count_page_tables(start, end) * 512), tables(words) {}

    // Intel SDM vol. 3, 4.5.4: the physical address, or nothing; `bits` is the intersection of all levels.
    bool translate(std::uint64_t address, std::uint64_t& physical, std::uint64_t& bits) const {
        std::uint64_t table = 0;
        bits = kPageUser | kPageWrite;
        for (int shift = 39;; shift -= 9) {
            const std::uint64_t entry = words[table / 8 + (address >> shift) % 512];
            if (!(entry & kPagePresent)) return false;
            bits = (bits & (entry | kPageNoExecute)) | (entry & kPageNoExecute);
            table = entry & kPageAddressMask;
            if (shift != 12 && !(entry & kPageLarge)) continue;
            physical = table + address % (std::uint64_t{1} << shift);
            return true;
        }
    }

    std::vector<std::uint64_t> words;
    PageTables tables;
};

}  // namespace

TEST_CASE("every page of a mapping is there, with its rights, and no other page") {
    for (const std::uint64_t size : {kPage, 3 * kPage, kLarge, 5 * kLarge + 7 * kPage}) {
        Pool pool(kBase, kBase + size);
        pool.tables.map(kBase, 0x40'2000, size, kData);
        std::uint64_t physical = 0;
        std::uint64_t bits = 0;
        for (std::uint64_t at = 0; at < size; at += kPage) {
            REQUIRE(pool.translate(kBase + at + 5, physical, bits));
            CHECK(physical == 0x40'2000 + at + 5);
            CHECK(bits == kData);
        }
        CHECK_FALSE(pool.translate(kBase - 1, physical, bits));
        CHECK_FALSE(pool.translate(kBase + size, physical, bits));
        CHECK_FALSE(pool.translate(0, physical, bits));
    }
}

TEST_CASE("large pages are used where both addresses allow it") {
    const std::uint64_t start = kBase & ~(kLarge - 1);
    Pool pool(start, start + 4 * kLarge);
    pool.tables.map(start, kLarge, 2 * kLarge, kData);
    CHECK((pool.tables.entry(start) & kPageLarge) != 0);
    pool.tables.map(start + 2 * kLarge, 3 * kLarge + kPage, kLarge, kData);
    CHECK((pool.tables.entry(start + 2 * kLarge) & kPageLarge) == 0);
}

TEST_CASE("the processor never has a reason to write to a table") {
    Pool pool(kBase, kBase + 3 * kLarge);
    pool.tables.map(kBase, 0x40'2000, 3 * kLarge, kData);
    for (const std::uint64_t word : pool.words)
        if (word != 0) CHECK((word & kPageAccessed) != 0);
    CHECK((pool.tables.entry(kBase) & kPageDirty) != 0);
}

TEST_CASE("a page that is taken away splits a large page and leaves its neighbours") {
    const std::uint64_t start = kBase & ~(kLarge - 1);
    Pool pool(start, start + 2 * kLarge);
    pool.tables.map(start, 0, 2 * kLarge, kData);
    pool.tables.unmap_page(start + 17 * kPage);
    pool.tables.unmap_page(start + 17 * kPage);
    std::uint64_t physical = 0;
    std::uint64_t bits = 0;
    CHECK_FALSE(pool.translate(start + 17 * kPage, physical, bits));
    for (const std::uint64_t page : {0, 16, 18, 511, 512, 1023}) {
        REQUIRE(pool.translate(start + page * kPage, physical, bits));
        CHECK(physical == page * kPage);
        CHECK(bits == kData);
    }
}

TEST_CASE("the pool is enough even when every large page is split") {
    constexpr std::uint64_t kEnd = kBase + 9 * kLarge + kPage;
    Pool pool(kBase, kEnd);
    pool.tables.map(kBase, 0x20'0000 + kBase % kLarge, kEnd - kBase, kData);
    for (std::uint64_t page = kBase; page < kEnd; page += kPage) pool.tables.unmap_page(page);
    std::uint64_t physical = 0;
    std::uint64_t bits = 0;
    for (std::uint64_t page = kBase; page < kEnd; page += kPage)
        CHECK_FALSE(pool.translate(page, physical, bits));
}

}  // namespace holm::tender
