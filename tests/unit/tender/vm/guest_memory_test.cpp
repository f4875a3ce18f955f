#include "tender/vm/guest_memory.h"

#include <doctest/doctest.h>

#include "tests/unit/tender/vm/machine_example.h"

namespace holm::tender {

TEST_CASE("a device may do with the guest's memory what the guest may do itself") {
    const ExampleMachine machine;
    const auto can_read = [&](std::uint64_t at, std::uint64_t size) {
        return machine.memory.readable(GuestAddress{at}, size).has_value();
    };
    const auto can_write = [&](std::uint64_t at, std::uint64_t size) {
        return machine.memory.writable(GuestAddress{at}, size).has_value();
    };
    const struct {
        std::uint64_t address;
        std::uint64_t size;
        bool write;
    } parts[] = {{machine.text(), 4096, false},
                 {machine.constants(), 4096, false},
                 {machine.relro(), 4096, false},
                 {machine.data(), 4096, true},
                 {machine.map.layout.alternate.start, machine.map.layout.alternate.size, true},
                 {machine.map.layout.stack.start, machine.map.layout.stack.size, true},
                 {machine.map.layout.rings.start, machine.map.layout.rings.size, true},
                 {machine.heap(), ExampleMachine::kHeap, true}};
    for (const auto& part : parts) {
        CHECK(can_read(part.address, part.size));
        CHECK(can_write(part.address, part.size) == part.write);
        CHECK(can_read(part.address + part.size - 1, 1));
        CHECK_FALSE(can_read(part.address, part.size + 1));
        CHECK_FALSE(can_read(part.address - 1, 2));
        CHECK_FALSE(can_read(part.address + 1, ~std::uint64_t{0}));
    }
}

TEST_CASE("what belongs to ring 0 belongs to no device") {
    const ExampleMachine machine;
    for (const std::uint64_t page :
         {machine.map.faults, machine.map.hypercalls, machine.map.doorbells, machine.map.system_tables,
          machine.map.stub, machine.map.stacks, machine.map.probe})
        CHECK_FALSE(machine.memory.readable(GuestAddress{page}, 1).has_value());
    // The page tables, by the address that a descriptor would have.
    for (std::uint64_t page = 0; page < machine.map.page_table_pages; page++)
        CHECK_FALSE(machine.memory.writable(BusAddress{page * 4096}, 8).has_value());
    CHECK_FALSE(machine.memory.writable(BusAddress{~std::uint64_t{0}}, 8).has_value());
    CHECK(machine.memory.writable(BusAddress{machine.map.physical(machine.heap())}, 8)->data() ==
          machine.memory.at(machine.heap()));
}

TEST_CASE("nothing is everywhere") {
    const ExampleMachine machine;
    CHECK(machine.memory.readable(GuestAddress{0}, 0).has_value());
}

TEST_CASE("guard pages are whole pages of heap or stack") {
    const ExampleMachine machine;
    CHECK(machine.memory.may_guard(GuestAddress{machine.heap()}));
    CHECK(machine.memory.may_guard(GuestAddress{machine.heap() + ExampleMachine::kHeap - 4096}));
    CHECK(machine.memory.may_guard(GuestAddress{machine.map.layout.stack.start}));
    for (const std::uint64_t page :
         {machine.heap() + 1, machine.heap() + ExampleMachine::kHeap, machine.text(), machine.data(),
          machine.map.hypercalls, machine.map.layout.alternate.start, machine.map.layout.rings.start,
          std::uint64_t{0}, ~std::uint64_t{0} - 4095})
        CHECK_FALSE(machine.memory.may_guard(GuestAddress{page}));
}

}  // namespace holm::tender
