#pragma once

// A machine's memory on the host, and a host for its hypercalls that notes what it is asked.

#include <memory>
#include <string>
#include <vector>

#include "tender/vm/hypercalls.h"

namespace holm::tender {

// An image of four pages: text, constants, a writable segment of two whose first is RELRO.
inline LoadPlan example_plan() {
    constexpr std::uint64_t kPage = 4096;
    LoadPlan plan{};
    plan.link_base = 0x200000;
    plan.span = 4 * kPage;
    plan.segment_storage[0] = {0, 0x200000, kPage, kPage, elf::kRead | elf::kExecute};
    plan.segment_storage[1] = {kPage, 0x201000, 100, 100, elf::kRead};
    plan.segment_storage[2] = {2 * kPage, 0x202000, kPage, 2 * kPage, elf::kRead | elf::kWrite};
    plan.segment_count = 3;
    plan.relro = {0x202000, kPage};
    return plan;
}

inline AddressMap example_map(std::uint64_t heap) {
    return compute_address_map({.base = random_base(0x123456789abcdef),
                                .image_span = 4 * 4096,
                                .stack_size = 16 << 10,
                                .strings_size = 100,
                                .device_count = 0,
                                .rings_size = 4096,
                                .heap_size = heap,
                                .heap_alignment = 4096});
}

struct ExampleMachine {
    static constexpr std::uint64_t kHeap = 64 << 10;

    LoadPlan plan = example_plan();
    AddressMap map = example_map(kHeap);
    std::vector<std::byte> bytes = std::vector<std::byte>(map.memory_size);
    GuestMemory memory{bytes.data(), map, plan};

    std::uint64_t heap() const { return map.layout.heap.start; }
    std::uint64_t text() const { return map.layout.base; }
    std::uint64_t constants() const { return map.layout.base + 0x1000; }
    std::uint64_t relro() const { return map.layout.base + 0x2000; }
    std::uint64_t data() const { return map.layout.base + 0x3000; }

    template <typename T>
    void put(std::uint64_t address, const T& value) {
        std::memcpy(memory.at(address), &value, sizeof value);
    }
    template <typename T>
    T get(std::uint64_t address) const {
        T value;
        std::memcpy(&value, memory.at(address), sizeof value);
        return value;
    }
};

struct Ended {
    int status;
    bool panicked;
};

class ExampleHost final : public HypercallHost {
  public:
    bool write_console(Bytes text) override {
        console.append(reinterpret_cast<const char*>(text.data()), text.size());
        return console_has_memory;
    }
    bool wait(std::uint64_t deadline_ns, bool until_stop) override {
        deadline = deadline_ns;
        waited_until_stop = until_stop;
        return events;
    }
    holm_clock_call read_clocks() override { return {1, 2, 3, 4}; }
    bool make_guard(GuestAddress page) override {
        guarded.push_back(static_cast<std::uint64_t>(page));
        return can_guard;
    }
    bool resume(const holm_upcall_frame& frame) override {
        resumed.push_back(frame);
        return in_upcall;
    }
    [[noreturn]] void exit(int status, bool panicked) override { throw Ended{status, panicked}; }

    bool events = false;
    bool can_guard = true;
    bool in_upcall = true;
    bool console_has_memory = true;
    std::string console;
    std::uint64_t deadline = 0;
    bool waited_until_stop = false;
    std::vector<std::uint64_t> guarded;
    std::vector<holm_upcall_frame> resumed;
};

}  // namespace holm::tender
