#include "kernel/platform/virtio/x86_64/ring0.h"

#include <cstring>

extern "C" {
[[gnu::visibility("hidden")]] extern const std::byte holm_ring0_begin[], holm_ring0_end[],
    holm_ring0_service[], holm_ring0_timer[], holm_ring0_attention[], holm_ring0_device[];
}

namespace holm::platform {
namespace {

constexpr unsigned kExceptions = 32;
constexpr std::size_t kExceptionStub = 16;  // bytes from one stub to the next

// Stacks of the interrupt stack table. Interrupts have none: in ring 0 they stay on the stack of the service
// that waits, and in ring 3 they get that of the task segment, which is the same.
constexpr std::uint8_t kNoStack = 0;
constexpr std::uint8_t kExceptionStack = 1;
constexpr std::uint8_t kServiceStack = 2;

constexpr std::uint64_t kSegments[HOLM_RING0_GDT_SIZE / 8] = {
    0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0, 0x00cff3000000ffff, 0x00affb000000ffff, 0, 0, 0};

void put(std::byte* at, std::uint64_t value, std::size_t size = 8) {
    std::memcpy(at, &value, size);
}

void put_gate(std::byte* tables, unsigned vector, std::uint64_t handler, std::uint8_t stack, unsigned ring) {
    const std::uint64_t type = 0x8e | ring << 5;  // interrupt gate, present
    std::byte* gate = tables + HOLM_RING0_IDT + std::size_t{16} * vector;
    put(gate, (handler & 0xffff) | std::uint64_t{HOLM_SELECTOR_KERNEL_CODE} << 16 |
                  std::uint64_t{stack} << 32 | type << 40 | (handler >> 16 & 0xffff) << 48);
    put(gate + 8, handler >> 32);
}

// A bit that is set keeps ring 3 from a port.
void put_ports(std::byte* bitmap, std::span<const PortRange> ports) {
    std::memset(bitmap, 0xff, HOLM_RING0_PORTS / 8 + 1);
    for (const PortRange& range : ports) {
        for (unsigned port = range.first; port < unsigned{range.first} + range.count; ++port) {
            if (port < HOLM_RING0_PORTS) bitmap[port / 8] &= ~(std::byte{1} << port % 8);
        }
    }
}

void put_task_segment(std::byte* tables, std::uint64_t address) {
    const std::uint64_t segment = address + HOLM_RING0_TABLES + HOLM_RING0_TSS;
    std::byte* descriptor = tables + HOLM_RING0_GDT + HOLM_SELECTOR_TSS;
    put(descriptor, (HOLM_RING0_TSS_SIZE - 1) | (segment & 0xffffff) << 16 | std::uint64_t{0x89} << 40 |
                        (segment >> 24 & 0xff) << 56);
    put(descriptor + 8, segment >> 32);

    // Intel SDM vol. 3, figure 8-11.
    std::byte* task = tables + HOLM_RING0_TSS;
    put(task + 0x04, address + HOLM_RING0_SERVICE_STACK_TOP);
    put(task + 0x24, address + HOLM_RING0_EXCEPTION_STACK_TOP);
    put(task + 0x2c, address + HOLM_RING0_SERVICE_STACK_TOP);
    put(task + 0x66, 0x68, 2);
}

std::uint64_t in_area(std::uint64_t code, const std::byte* label) {
    return code + static_cast<std::uint64_t>(label - holm_ring0_begin);
}

void put_gates(std::byte* tables, std::uint64_t code) {
    const auto at = [code](const std::byte* label) { return in_area(code, label); };
    for (unsigned vector = 0; vector < kExceptions; ++vector)
        // Breakpoint instructions are for everybody.
        put_gate(tables, vector, code + kExceptionStub * vector, kExceptionStack, vector == 3 ? 3 : 0);
    put_gate(tables, HOLM_VECTOR_SERVICE, at(holm_ring0_service), kServiceStack, 3);
    put_gate(tables, HOLM_VECTOR_TIMER, at(holm_ring0_timer), kNoStack, 0);
    put_gate(tables, HOLM_VECTOR_DEVICE, at(holm_ring0_device), kNoStack, 0);
    put_gate(tables, HOLM_VECTOR_ATTENTION, at(holm_ring0_attention), kNoStack, 0);
    put_gate(tables, HOLM_VECTOR_SPURIOUS, at(holm_ring0_device), kNoStack, 0);
}

}  // namespace

void build_ring0(std::byte* area, std::uint64_t address, const Ring0Settings& settings) {
    std::memcpy(area, holm_ring0_begin, static_cast<std::size_t>(holm_ring0_end - holm_ring0_begin));
    std::byte* tables = area + HOLM_RING0_TABLES;
    std::memcpy(tables + HOLM_RING0_GDT, kSegments, sizeof kSegments);
    put_task_segment(tables, address);
    put_ports(tables + HOLM_RING0_TSS + 0x68, settings.ports);
    put_gates(tables, address);
    put(tables + HOLM_RING0_UPCALL_ENTRY, settings.upcall_entry);
    put(tables + HOLM_RING0_UPCALL_STACK, settings.upcall_stack);
    put(tables + HOLM_RING0_HEAP_START, settings.heap_start);
    put(tables + HOLM_RING0_HEAP_SIZE, settings.heap_size);
    put(tables + HOLM_RING0_BUS_OFFSET, settings.bus_offset);
}

void put_off_steps(std::byte* area, const OffSteps& steps) {
    static_assert(HOLM_RING0_OFF_STEPS + sizeof steps <= 0x1000);
    std::memcpy(area + HOLM_RING0_TABLES + HOLM_RING0_OFF_STEPS, &steps, sizeof steps);
}

void redirect_services(std::byte* area, std::uint64_t address) {
    put_gate(area + HOLM_RING0_TABLES, HOLM_VECTOR_SERVICE, in_area(address, holm_ring0_service),
             kServiceStack, 3);
}

Activation::Descriptor ring0_gdt(std::uint64_t address) {
    return {HOLM_RING0_GDT_SIZE - 1, address + HOLM_RING0_TABLES + HOLM_RING0_GDT, {}};
}

Activation::Descriptor ring0_idt(std::uint64_t address) {
    return {HOLM_RING0_VECTORS * 16 - 1, address + HOLM_RING0_TABLES + HOLM_RING0_IDT, {}};
}

}  // namespace holm::platform
