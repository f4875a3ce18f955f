#pragma once

// The ring-0 area: gates, tables and stacks of the few instructions that run in ring 0 (ring0.S). Ring 3
// makes it, twice: for the boot, in the image's own memory, and for good, where only ring 0 reaches it.

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/platform/virtio/power.h"
#include "kernel/platform/virtio/x86_64/ports.h"
#include "kernel/platform/virtio/x86_64/ring0_layout.h"

namespace holm::platform {

// What HOLM_SERVICE_ACTIVATE sets, in this order.
struct Activation {
    std::uint64_t cr4;
    std::uint64_t xcr0;  // 0: leave it
    std::uint64_t cr3;
    struct [[gnu::packed]] Descriptor {
        std::uint16_t limit;
        std::uint64_t base;
        std::uint16_t unused[3];
    } gdt, idt;
    std::uint64_t entry;
    std::uint64_t stack;
    std::uint64_t argument;
    std::uint64_t page_table_root;  // virtual; with it the boot's services end
};
static_assert(offsetof(Activation, cr3) == HOLM_ACTIVATION_CR3 &&
              offsetof(Activation, gdt) == HOLM_ACTIVATION_GDT &&
              offsetof(Activation, idt) == HOLM_ACTIVATION_IDT &&
              offsetof(Activation, entry) == HOLM_ACTIVATION_ENTRY &&
              offsetof(Activation, page_table_root) == HOLM_ACTIVATION_ROOT);

// An exception as ring 0 leaves it in the page of exceptions.
struct ExceptionFrame {
    std::uint64_t cr2, vector, error_code;
    std::uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(HOLM_RING0_EXCEPTION_FRAME + sizeof(ExceptionFrame) == HOLM_RING0_EXCEPTION_STACK_TOP);

struct Ring0Settings {
    std::uint64_t upcall_entry;
    std::uint64_t upcall_stack;  // its top
    // Whose pages may be made guard pages; none during the boot.
    std::uint64_t heap_start;
    std::uint64_t heap_size;
    std::uint64_t bus_offset;          // virtual minus physical address of the page tables
    std::span<const PortRange> ports;  // that ring 3 may use
};

// Fills `area` (HOLM_RING0_SIZE bytes, zeroed), which ring 0 will find at `address`.
void build_ring0(std::byte* area, std::uint64_t address, const Ring0Settings& settings);

// How the machine is ended by service_off().
void put_off_steps(std::byte* area, const OffSteps& steps);

// Leads the services of one area to the code of another one.
void redirect_services(std::byte* area, std::uint64_t address);

// The area's tables, for `lgdt` and `lidt`.
Activation::Descriptor ring0_gdt(std::uint64_t address);
Activation::Descriptor ring0_idt(std::uint64_t address);

// Services. Waiting returns the vector of the interrupt that ended it.
inline std::uint32_t service_wait() {
    std::uint32_t vector = 0;
    __asm__ volatile("int $4" : "+a"(vector) : "D"(HOLM_SERVICE_WAIT) : "memory", "cc");
    return vector;
}
inline std::uint32_t service_wait_deadline(std::uint64_t tsc) {
    auto low = static_cast<std::uint32_t>(tsc);
    __asm__ volatile("int $4"
                     : "+a"(low)
                     : "D"(HOLM_SERVICE_WAIT_DEADLINE), "d"(static_cast<std::uint32_t>(tsc >> 32))
                     : "rcx", "memory", "cc");
    return low;
}
inline void service_deadline(std::uint64_t tsc) {
    __asm__ volatile("int $4"
                     :
                     : "D"(HOLM_SERVICE_DEADLINE), "a"(static_cast<std::uint32_t>(tsc)),
                       "d"(static_cast<std::uint32_t>(tsc >> 32))
                     : "rcx", "memory", "cc");
}
inline void service_guard(const void* page) {
    __asm__ volatile("int $4" : : "D"(HOLM_SERVICE_GUARD), "S"(page) : "rax", "rcx", "rdx", "memory", "cc");
}
inline void service_write_register(std::uint32_t number, std::uint64_t value) {
    __asm__ volatile("int $4"
                     :
                     : "D"(HOLM_SERVICE_WRMSR), "c"(number), "a"(static_cast<std::uint32_t>(value)),
                       "d"(static_cast<std::uint32_t>(value >> 32))
                     : "memory", "cc");
}
[[noreturn]] inline void service_off(std::uint8_t status) {
    // Something behind it, for debuggers to know which function this is.
    __asm__ volatile("int $4\n ud2" : : "D"(HOLM_SERVICE_OFF), "S"(std::uint64_t{status}) : "memory");
    __builtin_unreachable();
}
[[noreturn]] inline void service_activate(const Activation* activation) {
    __asm__ volatile("int $4" : : "D"(HOLM_SERVICE_ACTIVATE), "S"(activation) : "memory");
    __builtin_unreachable();
}

}  // namespace holm::platform
