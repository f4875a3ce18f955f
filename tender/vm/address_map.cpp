#include "tender/vm/address_map.h"

#include "tender/vm/page_tables.h"

namespace holm::tender {

AddressMap compute_address_map(LayoutInput input) {
    constexpr std::uint64_t kPage = elf::kPageSize;
    input.heap_alignment = kLargePage;
    AddressMap map{};
    map.layout = compute_layout(input);

    std::uint64_t next = map.layout.base - 9 * kPage;
    const auto take_page = [&] {
        const std::uint64_t page = next;
        next += kPage;
        return page;
    };
    map.faults = take_page();
    map.hypercalls = take_page();
    map.doorbells = take_page();
    take_page();  // gap
    map.system_tables = take_page();
    map.stub = take_page();
    map.stacks = take_page();
    map.probe = take_page();

    map.page_table_pages = count_page_tables(map.faults, map.layout.end());
    const std::uint64_t in_front = map.layout.base - map.system_tables;
    const std::uint64_t least = map.page_table_pages * kPage + in_front;
    const std::uint64_t image = least + ((map.layout.base - least) & (kLargePage - 1));
    map.bus_offset = map.layout.base - image;
    map.memory_size = map.physical(map.layout.end());
    return map;
}

}  // namespace holm::tender
