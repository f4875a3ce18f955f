#pragma once

// The machine's memory, made inside the tender's own address space, and the guest's view of it.

#include <cstddef>
#include <span>

#include "tender/instance/map_image.h"
#include "tender/loader/load_plan.h"
#include "tender/vm/address_map.h"
#include "tender/vm/page_tables.h"

namespace holm::tender {

struct MachineMemory {
    std::byte* start;  // of physical address 0; on a large page
    MapMode mode;      // how the instance is mapped into it

    std::byte* at(const AddressMap& map, std::uint64_t guest_address) const {
        return start + map.physical(guest_address);
    }
};

// Reserves the addresses and puts page tables and ring 0's pages into them, zeroed. The instance is mapped by
// map_instance() with the mode. Nothing in it is executable for the tender.
MachineMemory reserve_memory(const AddressMap& map);

// Of the mapped heap: pages of 2 MiB where the host has them; and all of it touched now.
void use_huge_pages(const MachineMemory& memory, const AddressMap& map);
void prefault_heap(const MachineMemory& memory, const AddressMap& map);

// Writes ring 0's pages and the page tables: who may do what with which page.
PageTables write_guest_view(const MachineMemory& memory, const AddressMap& map, const LoadPlan& plan);

}  // namespace holm::tender
