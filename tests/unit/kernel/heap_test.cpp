#include "kernel/memory/heap.h"

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/kernel/region.h"

using namespace holm;
using namespace holm::memory;
using tests::Random;
using tests::Region;

namespace {

std::vector<std::string> misuses;
void note_misuse(const char* sentence, const void*) {
    misuses.emplace_back(sentence);
}

struct Fixture {
    explicit Fixture(std::size_t page_count) : region(page_count) { misuses.clear(); }
    Region region;
    PageAllocator pages = *PageAllocator::create(region.bytes());
    Heap heap{pages, 0x1234'5678'9abc'def0, note_misuse};
};

std::uintptr_t number(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

}  // namespace

TEST_CASE("every size gets distinct, aligned memory of at least that size") {
    Fixture f(4096);
    std::set<void*> seen;
    for (std::size_t size = 0; size < 9000; size += 7) {
        void* address = f.heap.allocate(size);
        REQUIRE(address != nullptr);
        CHECK(number(address) % 16 == 0);
        CHECK(f.heap.usable_size(address) >= size);
        CHECK(seen.insert(address).second);
        std::memset(address, 0xee, f.heap.usable_size(address));
    }
    for (void* address : seen) f.heap.release(address);
    CHECK(f.heap.statistics().bytes == 0);
    CHECK(f.heap.statistics().live == 0);
    CHECK(f.heap.statistics().allocated == seen.size());
    CHECK(misuses.empty());
}

TEST_CASE("alignments up to many pages are kept") {
    Fixture f(1024);
    for (std::size_t alignment = 1; alignment <= 16 * kPageSize; alignment *= 2) {
        for (const std::size_t size : {1, 40, 700, 2048, 5000}) {
            void* address = f.heap.allocate(size, alignment);
            REQUIRE(address != nullptr);
            CHECK(number(address) % alignment == 0);
            CHECK(f.heap.usable_size(address) >= size);
        }
    }
}

TEST_CASE("zeroed memory is zero where it was used before") {
    Fixture f(64);
    for (const std::size_t size : {40, 3000, 40'000}) {
        void* first = f.heap.allocate(size);
        std::memset(first, 0xff, size);
        f.heap.release(first);
        auto* second = static_cast<unsigned char*>(f.heap.allocate_zeroed(size + 4096 * (size > 2048)));
        REQUIRE(second != nullptr);
        bool all_zero = true;
        for (std::size_t i = 0; i < size; ++i) all_zero = all_zero && second[i] == 0;
        CHECK(all_zero);
        f.heap.release(second);
    }
}

TEST_CASE("resize keeps the contents and stays in place where it can") {
    Fixture f(256);
    auto* text = static_cast<char*>(f.heap.allocate(20));
    std::memcpy(text, "nineteen characters", 20);
    CHECK(f.heap.resize(text, 30) == text);
    auto* longer = static_cast<char*>(f.heap.resize(text, 100'000));
    REQUIRE(longer != nullptr);
    CHECK(std::string(longer) == "nineteen characters");
    CHECK(f.heap.resize(longer, 200'000) == longer);
    CHECK(f.heap.resize(longer, 50'000) == longer);
    CHECK(f.heap.usable_size(longer) == 13 * kPageSize);
    auto* shorter = static_cast<char*>(f.heap.resize(longer, 24));
    CHECK(std::string(shorter) == "nineteen characters");
    CHECK(f.heap.usable_size(shorter) == 32);
    CHECK(f.heap.resize(shorter, std::size_t{1} << 40) == nullptr);
    CHECK(std::string(shorter) == "nineteen characters");
    f.heap.release(shorter);
    CHECK(f.pages.statistics().used == 1);  // the last slab of a class is kept
}

TEST_CASE("running out returns null, is counted and does not last") {
    Fixture f(64);
    std::vector<void*> all;
    while (void* address = f.heap.allocate(1000)) all.push_back(address);
    CHECK(all.size() == (f.pages.statistics().total) * 4);
    CHECK(f.heap.allocate(10'000) == nullptr);
    CHECK(f.heap.allocate_zeroed(SIZE_MAX) == nullptr);
    CHECK(f.heap.statistics().failed == 3);
    for (void* address : all) f.heap.release(address);
    CHECK(f.heap.allocate(60 * kPageSize) != nullptr);
}

TEST_CASE("each misuse is reported in one sentence") {
    Fixture f(64);
    auto* small = static_cast<std::byte*>(f.heap.allocate(64));
    auto* other = static_cast<std::byte*>(f.heap.allocate(64));
    auto* large = static_cast<std::byte*>(f.heap.allocate(3 * kPageSize));
    int local = 0;
    const auto misuse = [&](void* address) {
        misuses.clear();
        f.heap.release(address);
        return misuses.size() == 1;
    };
    CHECK(misuse(&local));
    CHECK(misuse(small + 16));
    CHECK(misuse(small + 64 * 2));  // never handed out
    CHECK(misuse(large + kPageSize));
    CHECK(misuse(large + 16));
    CHECK(misuse(f.region.bytes().data()));
    misuses.clear();
    f.heap.release(small);
    f.heap.release(large);
    CHECK(misuses.empty());
    CHECK(misuse(small));
    CHECK(misuse(large));
    CHECK(f.heap.resize(large, 10) == nullptr);

    misuses.clear();
    std::memset(small, 0x41, 16);  // a write after free, found when the object would be handed out again
    CHECK(f.heap.allocate(64) == nullptr);
    CHECK(misuses == std::vector<std::string>{"memory was written to after free()"});
    CHECK(f.heap.allocate(64) != nullptr);
    CHECK(f.heap.usable_size(other) == 64);
    CHECK(f.heap.usable_size(&local) == 0);
}

TEST_CASE("what a slab left on its pages is not taken for a double free") {
    Fixture f(64);
    for (int round = 0; round < 3; ++round) {
        std::vector<void*> objects;
        for (int i = 0; i < 600; ++i) objects.push_back(f.heap.allocate(64));
        for (void* object : objects)
            f.heap.release(object);  // untouched: the marks of the last round are still there
    }
    CHECK(misuses.empty());
}

TEST_CASE("random use against a model") {
    const std::uint64_t seed = tests::seed();
    CAPTURE(seed);
    Random random(seed);
    Fixture f(2048);
    struct Block {
        unsigned char* start;
        std::size_t size;
        unsigned char fill;
    };
    std::vector<Block> blocks;
    const auto random_size = [&] {
        const std::uint64_t kind = random.below(10);
        return random.below(kind < 6 ? 200 : kind < 9 ? 3000 : 100'000);
    };
    const auto intact = [](const Block& block, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            if (block.start[i] != block.fill) return false;
        }
        return true;
    };
    for (int step = 0; step < 60'000; ++step) {
        const std::uint64_t action = random.below(16);
        if (action < 8 || blocks.empty()) {
            const std::size_t size = random_size();
            const std::size_t alignment = random.below(8) == 0 ? std::size_t{1} << random.below(14) : 16;
            void* start = action == 0 ? f.heap.allocate_zeroed(size) : f.heap.allocate(size, alignment);
            if (start == nullptr) continue;
            if (action == 0) REQUIRE(intact({static_cast<unsigned char*>(start), size, 0}, size));
            blocks.push_back(
                {static_cast<unsigned char*>(start), size, static_cast<unsigned char>(random.below(256))});
            std::memset(start, blocks.back().fill, size);
            continue;
        }
        const std::size_t which = random.below(blocks.size());
        Block& block = blocks[which];
        REQUIRE(intact(block, block.size));
        if (action < 11) {
            const std::size_t size = random_size();
            void* moved = f.heap.resize(block.start, size);
            if (moved == nullptr) continue;
            block.start = static_cast<unsigned char*>(moved);
            REQUIRE(intact(block, std::min(size, block.size)));
            block.size = size;
            std::memset(moved, block.fill, size);
        } else {
            f.heap.release(block.start);
            block = blocks.back();
            blocks.pop_back();
        }
        REQUIRE(f.heap.statistics().live == blocks.size());
    }
    for (const Block& block : blocks) {
        REQUIRE(intact(block, block.size));
        f.heap.release(block.start);
    }
    CHECK(f.heap.statistics().bytes == 0);
    CHECK(misuses.empty());
}
