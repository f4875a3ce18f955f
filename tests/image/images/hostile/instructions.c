/* What ring 3 must not do, instruction by instruction (Intel SDM vol. 3, 5.9). */

#include "tests/image/images/hostile/hostile.h"

static uint8_t table[16];
static int equal(const char* left, const char* right) {
    while (*left && *left == *right) left++, right++;
    return *left == *right;
}

#define CLOBBERS "rax", "rbx", "rcx", "rdx", "memory", "cc"
#define ONE(name, ...)                                                    \
    static void name(void) {                                              \
        __asm__ volatile(__VA_ARGS__ : : "S"(table), "D"(0L) : CLOBBERS); \
    }
#define INSTRUCTIONS(X)                                                                           \
    X(hlt, "hlt")                                                                                 \
    X(cli, "cli")                                                                                 \
    X(sti, "sti")                                                                                 \
    X(rdmsr, "mov $0xc0000080, %%ecx; rdmsr")                                                     \
    X(wrmsr, "mov $0xc0000080, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr")                 \
    X(rdpmc, "xor %%ecx, %%ecx; rdpmc")                                                           \
    X(read_cr0, "mov %%cr0, %%rax")                                                               \
    X(write_cr0, "xor %%eax, %%eax; mov %%rax, %%cr0")                                            \
    X(read_cr2, "mov %%cr2, %%rax")                                                               \
    X(read_cr3, "mov %%cr3, %%rax")                                                               \
    X(write_cr3, "xor %%eax, %%eax; mov %%rax, %%cr3")                                            \
    X(write_cr4, "xor %%eax, %%eax; mov %%rax, %%cr4")                                            \
    X(write_cr8, "xor %%eax, %%eax; mov %%rax, %%cr8")                                            \
    X(read_dr7, "mov %%dr7, %%rax")                                                               \
    X(write_dr7, "xor %%eax, %%eax; mov %%rax, %%dr7")                                            \
    X(clts, "clts")                                                                               \
    X(lmsw, "xor %%eax, %%eax; lmsw %%ax")                                                        \
    X(invlpg, "invlpg (%%rsi)")                                                                   \
    X(invpcid, "xor %%eax, %%eax; invpcid (%%rsi), %%rax")                                        \
    X(swapgs, "swapgs")                                                                           \
    X(wbinvd, "wbinvd")                                                                           \
    X(invd, "invd")                                                                               \
    X(xsetbv, "xor %%ecx, %%ecx; mov $3, %%eax; xor %%edx, %%edx; xsetbv")                        \
    X(lgdt, "lgdt (%%rsi)")                                                                       \
    X(lidt, "lidt (%%rsi)")                                                                       \
    X(lldt, "xor %%eax, %%eax; lldt %%ax")                                                        \
    X(ltr, "mov $0x40, %%eax; ltr %%ax")                                                          \
    X(in_port, "mov $0x80, %%edx; inb %%dx, %%al")                                                \
    X(out_port, "mov $0x80, %%edx; outb %%al, %%dx")                                              \
    X(ins_port, "mov $0x80, %%edx; mov %%rsi, %%rdi; insb")                                       \
    X(sysret, "sysretq")                                                                          \
    X(sysexit, "sysexit")                                                                         \
    X(sysenter, "sysenter")                                                                       \
    X(system_call, "syscall")                                                                     \
    X(int_80, "int $0x80")                                                                        \
    X(int_2, "int $2")                                                                            \
    X(int_8, "int $8")                                                                            \
    X(int_14, "int $14")                                                                          \
    X(int_32, "int $32")                                                                          \
    X(int_255, "int $255")                                                                        \
    X(return_to_ring_0,                                                                           \
      "push $0x18; push %%rsp; push $2; push $0x10; lea 1f(%%rip), %%rax; push %%rax; iretq; 1:") \
    X(far_return, "push $0x10; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:")                      \
    X(kernel_data, "mov $0x18, %%eax; mov %%eax, %%ss")                                           \
    X(task_gate, "movw $0x40, 4(%%rsi); ljmp *(%%rsi)")                                           \
    X(monitor, "mov %%rsi, %%rax; xor %%ecx, %%ecx; xor %%edx, %%edx; monitor")                   \
    X(mwait, "xor %%eax, %%eax; xor %%ecx, %%ecx; mwait")                                         \
    X(vmxon, "vmxon (%%rsi)")                                                                     \
    X(vmlaunch, "vmlaunch")                                                                       \
    X(vmrun, "mov %%rsi, %%rax; vmrun")                                                           \
    X(skinit, "skinit")                                                                           \
    X(stgi, "stgi")                                                                               \
    X(encls, "xor %%eax, %%eax; encls")                                                           \
    X(rsm, "rsm")                                                                                 \
    X(clac, "clac")                                                                               \
    X(sgdt, "sgdt (%%rsi)")                                                                       \
    X(sidt, "sidt (%%rsi)")                                                                       \
    X(str, "str %%ax")                                                                            \
    X(smsw, "smsw %%eax")                                                                         \
    X(vmcall, "vmcall")                                                                           \
    X(vmmcall, "vmmcall")                                                                         \
    X(cpuid, "mov $0x40000000, %%eax; cpuid")                                                     \
    X(io_privilege, "pushfq; orl $0x3000, (%%rsp); popfq")

#define DEFINE(name, code) ONE(try_##name, code)
INSTRUCTIONS(DEFINE)

static const struct {
    const char* name;
    void (*run)(void);
} all[] = {
#define ENTRY(name, code) {#name, try_##name},
    INSTRUCTIONS(ENTRY)};

int try_instruction(const char* name) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (equal(all[i].name, name)) {
            all[i].run();
            return 1;
        }
    return 0;
}

void list_instructions(void (*say)(const char*)) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        say(all[i].name);
        say("\n");
    }
}
