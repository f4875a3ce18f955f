#pragma once

// Where everything lies in the virtual machine; pure arithmetic. Going up in the guest's addresses:
//
//   faults, hypercalls, doorbells | gap | tables, stub, stacks, probe | gap | image ... heap
//   (instance/layout.h)
//
// The first three have no memory behind them: a store there ends the guest's turn. `faults` and the next
// three are ring 0's; the guest's page tables lie in the machine's memory and in nobody's address space.

#include <cstdint>

#include "tender/instance/layout.h"

namespace holm::tender {

struct AddressMap {
    Layout layout;  // of the instance, as the guest sees it

    // Guest addresses, a page each.
    std::uint64_t faults;
    std::uint64_t hypercalls;
    std::uint64_t doorbells;
    std::uint64_t system_tables;  // GDT, IDT, TSS
    std::uint64_t stub;
    std::uint64_t stacks;  // of the stub
    std::uint64_t probe;

    // The machine's physical memory begins at 0, with the page tables. All other memory lies at the guest's
    // address less bus_offset, and so that both are the same within a large page.
    std::uint64_t page_table_pages;  // enough for every page to have an entry of its own
    std::uint64_t bus_offset;
    std::uint64_t memory_size;

    // Physical addresses without memory, in the order faults, hypercalls, doorbells.
    std::uint64_t unbacked() const { return memory_size; }
    std::uint64_t physical_end() const { return unbacked() + 3 * elf::kPageSize; }
    std::uint64_t physical(std::uint64_t guest_address) const { return guest_address - bus_offset; }
};

constexpr std::uint64_t kLargePage = std::uint64_t{2} << 20;

// `input.base` is a random base; the heap is placed on a large page.
AddressMap compute_address_map(LayoutInput input);

}  // namespace holm::tender
