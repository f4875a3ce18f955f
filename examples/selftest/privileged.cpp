// Instructions that only a kernel may execute: on every tender the image runs at ring 3.

#include "checks.h"

namespace selftest {
namespace {

struct Descriptor {
    std::uint16_t limit;
    std::uint64_t base;
} __attribute__((packed));

void halt(holm::Machine& machine) {
    announce(machine, "hlt");
    __asm__ volatile("hlt");
}
void disable_interrupts(holm::Machine& machine) {
    announce(machine, "cli");
    __asm__ volatile("cli");
}
void port_in(holm::Machine& machine) {
    announce(machine, "in from port 0x60");
    __asm__ volatile("inb $0x60, %%al" : : : "rax");
}
void port_out(holm::Machine& machine) {
    announce(machine, "out to port 0xcf9, the reset of a PC");
    __asm__ volatile("outb %%al, %%dx" : : "a"(6), "d"(0xcf9));
}
void read_register(holm::Machine& machine) {
    announce(machine, "rdmsr of the processor's EFER");
    __asm__ volatile("rdmsr" : : "c"(0xc0000080u) : "rax", "rdx");
}
void write_register(holm::Machine& machine) {
    announce(machine, "wrmsr of the system call entry, LSTAR");
    __asm__ volatile("wrmsr" : : "c"(0xc0000082u), "a"(0), "d"(0));
}
void turn_off_protection(holm::Machine& machine) {
    announce(machine, "mov to CR0, write protection off");
    __asm__ volatile("movq %0, %%cr0" : : "r"(0x80000033ull));
}
void change_page_tables(holm::Machine& machine) {
    announce(machine, "mov to CR3, page tables of its own");
    __asm__ volatile("movq %0, %%cr3" : : "r"(0x1000ull));
}
void read_page_table_root(holm::Machine& machine) {
    announce(machine, "mov from CR3");
    __asm__ volatile("movq %%cr3, %%rax" : : : "rax");
}
void load_interrupt_table(holm::Machine& machine) {
    announce(machine, "lidt, interrupt handlers of its own");
    const Descriptor none{0, 0};
    __asm__ volatile("lidt %0" : : "m"(none));
}
void load_segment_table(holm::Machine& machine) {
    announce(machine, "lgdt, segments of its own");
    const Descriptor none{0, 0};
    __asm__ volatile("lgdt %0" : : "m"(none));
}
void flush_page(holm::Machine& machine) {
    announce(machine, "invlpg");
    __asm__ volatile("invlpg (%0)" : : "r"(&flush_page));
}
void drop_caches(holm::Machine& machine) {
    announce(machine, "wbinvd");
    __asm__ volatile("wbinvd");
}
void swap_gs(holm::Machine& machine) {
    announce(machine, "swapgs");
    __asm__ volatile("swapgs");
}
void far_return(holm::Machine& machine) {
    announce(machine, "lretq to ring 0");
    __asm__ volatile(
        "pushq $0x10\n"
        "leaq 1f(%%rip), %%rax\n"
        "pushq %%rax\n"
        "lretq\n"
        "1:"
        :
        :
        : "rax", "memory");
}

constexpr Check kChecks[] = {
    {"hlt", halt},
    {"cli", disable_interrupts},
    {"in", port_in},
    {"out", port_out},
    {"rdmsr", read_register},
    {"wrmsr", write_register},
    {"mov-to-cr0", turn_off_protection},
    {"mov-to-cr3", change_page_tables},
    {"mov-from-cr3", read_page_table_root},
    {"lidt", load_interrupt_table},
    {"lgdt", load_segment_table},
    {"invlpg", flush_page},
    {"wbinvd", drop_caches},
    {"swapgs", swap_gs},
    {"lretq-to-ring-0", far_return},
};

}  // namespace

std::span<const Check> privileged_checks() {
    return kChecks;
}

}  // namespace selftest
