#include "tender/vm/address_map.h"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "tender/vm/page_tables.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = 4096;

LayoutInput example(std::uint64_t random, std::uint64_t heap) {
    return {.base = random_base(random),
            .image_span = 0xe000,
            .stack_size = 256 << 10,
            .strings_size = 100,
            .device_count = 1,
            .rings_size = 0x3000,
            .heap_size = heap,
            .heap_alignment = kPage};
}

}  // namespace

TEST_CASE(
    "ring 0's pages lie below the image, a page each, and all addresses keep their place in a large page") {
    for (const std::uint64_t random : {std::uint64_t{0}, std::uint64_t{0x123456789abcdef}, ~std::uint64_t{0}})
        for (const std::uint64_t heap :
             {std::uint64_t{1} << 20, std::uint64_t{64} << 20, std::uint64_t{HOLM_MEMORY_LIMIT}}) {
            const AddressMap map = compute_address_map(example(random, heap));
            const std::array pages{map.faults, map.hypercalls, map.doorbells, map.system_tables,
                                   map.stub,   map.stacks,     map.probe,     map.layout.base};
            for (std::size_t i = 1; i < pages.size(); i++) CHECK(pages[i] >= pages[i - 1] + kPage);
            CHECK(map.system_tables > map.doorbells + kPage);
            CHECK(map.layout.base > map.probe + kPage);
            CHECK(map.layout.heap.size == heap);
            CHECK(map.layout.heap.start % kLargePage == 0);
            CHECK(map.bus_offset % kLargePage == 0);
            CHECK(map.memory_size == map.physical(map.layout.heap.start) + heap);
        }
}

TEST_CASE("page tables and the memory that they map do not overlap") {
    for (std::uint64_t random = 1; random != 0; random <<= 1) {
        const AddressMap map = compute_address_map(example(random, 16 << 20));
        CHECK(map.page_table_pages == count_page_tables(map.faults, map.layout.end()));
        CHECK(map.physical(map.system_tables) >= map.page_table_pages * kPage);
        // Not more than a large page is lost between them.
        CHECK(map.physical(map.system_tables) < map.page_table_pages * kPage + kLargePage);
    }
}

}  // namespace holm::tender
