// Hypercalls, right and wrong.

#include "tender/vm/hypercalls.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/unit/tender/vm/machine_example.h"

namespace holm::tender {
namespace {

struct Guest {
    bool call(std::uint64_t number, std::uint64_t value) { return hypercalls.call(8 * number, 8, value); }
    std::string why() const { return std::string(hypercalls.why().view()); }

    ExampleMachine machine;
    ExampleHost host;
    Hypercalls hypercalls{machine.memory, host};
};

bool ends_with_status(Guest& guest, std::uint64_t number, std::uint64_t value, int status, bool panicked) {
    try {
        guest.call(number, value);
    } catch (const Ended& ended) {
        return ended.status == status && ended.panicked == panicked;
    }
    return false;
}

}  // namespace

TEST_CASE("the end") {
    Guest guest;
    CHECK(ends_with_status(guest, HOLM_HYPERCALL_EXIT, 7, 7, false));
    CHECK(ends_with_status(guest, HOLM_HYPERCALL_EXIT, 0xffff'ffff'ffff'ff01, 1, false));
    CHECK(ends_with_status(guest, HOLM_HYPERCALL_PANIC, 134, 134, true));
}

TEST_CASE("text goes to the console, constants included") {
    Guest guest;
    std::memcpy(guest.machine.memory.at(guest.machine.constants()), "hello", 5);
    guest.machine.put(guest.machine.heap(), holm_console_call{guest.machine.constants(), 5});
    CHECK(guest.call(HOLM_HYPERCALL_CONSOLE, guest.machine.heap()));
    CHECK(guest.host.console == "hello");
    guest.machine.put(guest.machine.heap(), holm_console_call{0, 0});
    CHECK(guest.call(HOLM_HYPERCALL_CONSOLE, guest.machine.heap()));
}

TEST_CASE("text that is not the image's ends it") {
    Guest guest;
    const std::uint64_t heap = guest.machine.heap();
    for (const holm_console_call call :
         {holm_console_call{heap, ExampleMachine::kHeap + 1},
          holm_console_call{heap + 8, ~std::uint64_t{0} - 4}, holm_console_call{guest.machine.map.stacks, 1},
          holm_console_call{0, 1}, holm_console_call{guest.machine.map.layout.alternate.start - 1, 2}}) {
        guest.machine.put(heap, call);
        CHECK_FALSE(guest.call(HOLM_HYPERCALL_CONSOLE, heap));
        CHECK(guest.why().starts_with("hypercall CONSOLE names memory that the image cannot use"));
    }
    CHECK(guest.host.console.empty());
    guest.machine.put(heap, holm_console_call{heap, 1});
    guest.host.console_has_memory = false;
    CHECK_FALSE(guest.call(HOLM_HYPERCALL_CONSOLE, heap));
}

TEST_CASE("structures must be the image's own, and writable where they take a result") {
    Guest guest;
    for (const std::uint64_t number :
         {HOLM_HYPERCALL_CONSOLE, HOLM_HYPERCALL_WAIT, HOLM_HYPERCALL_CLOCK, HOLM_HYPERCALL_RESUME})
        for (const std::uint64_t address :
             {std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0} - 7, guest.machine.map.hypercalls,
              guest.machine.map.system_tables, guest.machine.heap() + ExampleMachine::kHeap - 8,
              guest.machine.heap() - 8}) {
            CAPTURE(number);
            CAPTURE(address);
            CHECK_FALSE(guest.call(number, address));
            CHECK_FALSE(guest.why().empty());
        }
    CHECK_FALSE(guest.call(HOLM_HYPERCALL_WAIT, guest.machine.constants()));
    CHECK_FALSE(guest.call(HOLM_HYPERCALL_CLOCK, guest.machine.relro()));
}

TEST_CASE("waiting") {
    Guest guest;
    const std::uint64_t at = guest.machine.data();
    guest.machine.put(at, holm_wait_call{.deadline_ns = 12, .until_stop = 2, .events = 9});
    CHECK(guest.call(HOLM_HYPERCALL_WAIT, at));
    CHECK(guest.host.deadline == 12);
    CHECK(guest.host.waited_until_stop);
    CHECK(guest.machine.get<holm_wait_call>(at).events == 0);
    guest.host.events = true;
    CHECK(guest.call(HOLM_HYPERCALL_WAIT, at));
    CHECK(guest.machine.get<holm_wait_call>(at).events == 1);
}

TEST_CASE("clocks") {
    Guest guest;
    CHECK(guest.call(HOLM_HYPERCALL_CLOCK, guest.machine.data()));
    CHECK(guest.machine.get<holm_clock_call>(guest.machine.data()).wall_ns == 4);
}

TEST_CASE("guard pages") {
    Guest guest;
    CHECK(guest.call(HOLM_HYPERCALL_GUARD, guest.machine.heap() + 4096));
    CHECK(guest.host.guarded == std::vector<std::uint64_t>{guest.machine.heap() + 4096});
    for (const std::uint64_t page : {guest.machine.heap() + 8, guest.machine.text(), std::uint64_t{0}})
        CHECK_FALSE(guest.call(HOLM_HYPERCALL_GUARD, page));
    CHECK(guest.host.guarded.size() == 1);
    guest.host.can_guard = false;
    CHECK_FALSE(guest.call(HOLM_HYPERCALL_GUARD, guest.machine.heap() + 4096));
    CHECK(guest.why().find("vm.max_map_count") != std::string::npos);
}

TEST_CASE("an upcall resumes with what a program may set, and nothing else") {
    Guest guest;
    holm_upcall_frame frame{};
    frame.rip = guest.machine.text();
    frame.rflags = ~std::uint64_t{0};
    guest.machine.put(guest.machine.data(), frame);
    REQUIRE(guest.call(HOLM_HYPERCALL_RESUME, guest.machine.data()));
    // No I/O privilege, trap, nested task, virtual-8086 mode or virtual interrupts.
    CHECK(guest.host.resumed[0].rflags == 0x240cd7);
    frame.rip = 0x8000'0000'0000;
    guest.machine.put(guest.machine.data(), frame);
    CHECK_FALSE(guest.call(HOLM_HYPERCALL_RESUME, guest.machine.data()));
    frame.rip = guest.machine.text();
    guest.machine.put(guest.machine.data(), frame);
    guest.host.in_upcall = false;
    CHECK_FALSE(guest.call(HOLM_HYPERCALL_RESUME, guest.machine.data()));
    CHECK(guest.why().find("no upcall runs") != std::string::npos);
}

TEST_CASE("what is no hypercall") {
    Guest guest;
    for (std::uint64_t number = 0; number < 512; number++) {
        if (number <= HOLM_HYPERCALL_PANIC && number != HOLM_HYPERCALL_FAULT) continue;
        CHECK_FALSE(guest.call(number, 0));
        CHECK(guest.why() == "hypercall " + std::to_string(number) + " does not exist for an image");
    }
    for (const std::uint32_t size : {0u, 1u, 2u, 4u, 7u, 9u}) CHECK_FALSE(guest.hypercalls.call(0, size, 0));
    CHECK_FALSE(guest.hypercalls.call(4, 8, 0));
    CHECK(guest.why().find("allowed: 8 bytes at a multiple of 8") != std::string::npos);
}

}  // namespace holm::tender
