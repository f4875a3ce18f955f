/* An image that abuses the contract of the vm platform (abi/hypercalls.h) in the way that its first argument
 * names. The second and third are numbers. What is left to say is said through CONSOLE. */

#include "tests/image/images/hostile/hostile.h"

#include "abi/boot_info.h"
#include "abi/hypercalls.h"

static struct holm_boot_info* boot;
static const uint64_t constants[32] = {1};
static uint8_t bytes[8192] __attribute__((aligned(4096)));
static int in_upcall_do_it_again;
static int spin_in_upcall;
static uint64_t frame_pointer_in_upcall;

static volatile uint64_t* word(uint64_t address) {
    return (volatile uint64_t*)address;
}

static void hypercall(uint64_t number, uint64_t value) {
    __asm__ volatile("movq %1, %0" : "=m"(*word(boot->vm.hypercalls + 8 * number)) : "r"(value) : "memory");
}

_Noreturn static void leave(int status) {
    hypercall(HOLM_HYPERCALL_EXIT, (uint64_t)status);
    __builtin_trap();
}

static size_t length(const char* text) {
    size_t n = 0;
    while (text[n]) n++;
    return n;
}

static int equal(const char* left, const char* right) {
    while (*left && *left == *right) left++, right++;
    return *left == *right;
}

static void say(const char* text) {
    struct holm_console_call call = {(uint64_t)text, length(text)};
    hypercall(HOLM_HYPERCALL_CONSOLE, (uint64_t)&call);
}

static void say_number(const char* name, uint64_t value) {
    char digits[20] = "0x";
    size_t n = 2;
    int shift = 60;
    while (shift > 0 && (value >> shift) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) digits[n++] = "0123456789abcdef"[value >> shift & 15];
    digits[n++] = '\n';
    digits[n] = 0;
    say(name);
    say(" ");
    say(digits);
}

static uint64_t number_of(const char* text) {
    uint64_t value = 0;
    while (*text >= '0' && *text <= '9') value = value * 10 + (uint64_t)(*text++ - '0');
    return value;
}

__attribute__((used)) void hostile_upcall(int zero, struct holm_upcall_frame* frame, uint64_t hypercalls) {
    if (frame->vector >= HOLM_UPCALL_WATCHDOG) {
        while (spin_in_upcall) __builtin_ia32_pause();
        *word(hypercalls + 8 * HOLM_HYPERCALL_RESUME) = (uint64_t)frame;
    }
    if (frame_pointer_in_upcall)
        __asm__ volatile("movq %0, %%rbp; movb $1, 8" : : "r"(frame_pointer_in_upcall) : "memory");
    if (in_upcall_do_it_again) *(volatile uint8_t*)8 = 1;
    say_number("vector", frame->vector);
    say_number("error", frame->error_code);
    say_number("address", frame->address);
    leave(zero == 0 ? 100 : 97);
}

static void store_call(uint64_t number, const void* structure, size_t size, uint64_t at) {
    const uint8_t* from = structure;
    for (size_t i = 0; i < size; i++) ((volatile uint8_t*)at)[i] = from[i];
    hypercall(number, at);
}

static void guard_every_second_page(void) {
    for (uint64_t at = 0; at + 8192 <= boot->heap_size; at += 8192)
        hypercall(HOLM_HYPERCALL_GUARD, boot->heap_start + at);
}

static void flood_console(uint64_t lines) {
    for (uint64_t i = 0; i < lines; i++) say("again and again and again\n");
}

static void attempt(const char* what, uint64_t a, uint64_t b) {
    const uint64_t heap = boot->heap_start;
    const uint64_t end = heap + boot->heap_size;
    if (equal(what, "hypercall"))
        hypercall(a, b);
    else if (equal(what, "console")) {
        const struct holm_console_call call = {a, b};
        store_call(HOLM_HYPERCALL_CONSOLE, &call, sizeof call, heap);
    } else if (equal(what, "console-past-the-heap")) {
        const struct holm_console_call call = {end - 8, 16};
        store_call(HOLM_HYPERCALL_CONSOLE, &call, sizeof call, heap);
    } else if (equal(what, "console-round-the-world")) {
        const struct holm_console_call call = {heap, -heap + 1};
        store_call(HOLM_HYPERCALL_CONSOLE, &call, sizeof call, heap);
    } else if (equal(what, "console-of-ring-0")) {
        const struct holm_console_call call = {boot->vm.hypercalls + 5 * 4096, 16};
        store_call(HOLM_HYPERCALL_CONSOLE, &call, sizeof call, heap);
    } else if (equal(what, "console-of-a-guard-page")) {
        const struct holm_console_call call = {heap + 4096, 16};
        hypercall(HOLM_HYPERCALL_GUARD, heap + 4096);
        store_call(HOLM_HYPERCALL_CONSOLE, &call, sizeof call, heap);
    } else if (equal(what, "structure-on-a-guard-page")) {
        hypercall(HOLM_HYPERCALL_GUARD, heap);
        hypercall(HOLM_HYPERCALL_CONSOLE, heap);
    } else if (equal(what, "structure-past-the-heap"))
        hypercall(a, end - 4);
    else if (equal(what, "result-into-constants"))
        hypercall(a, (uint64_t)constants);
    else if (equal(what, "result-into-code"))
        hypercall(a, (uint64_t)&leave);
    else if (equal(what, "wait-for-nothing")) {
        const struct holm_wait_call call = {0, 0, 0};
        store_call(HOLM_HYPERCALL_WAIT, &call, sizeof call, heap);
        say("waited\n");
    } else if (equal(what, "wait-for-ever")) {
        const struct holm_wait_call call = {UINT64_MAX, 0, 0};
        say("ready\n");
        for (;;) store_call(HOLM_HYPERCALL_WAIT, &call, sizeof call, heap);
    } else if (equal(what, "guard-code"))
        hypercall(HOLM_HYPERCALL_GUARD, (uint64_t)&leave & ~4095ull);
    else if (equal(what, "guard-data"))
        hypercall(HOLM_HYPERCALL_GUARD, (uint64_t)bytes);
    else if (equal(what, "guard-unaligned"))
        hypercall(HOLM_HYPERCALL_GUARD, heap + 8);
    else if (equal(what, "guard-and-touch")) {
        *(volatile uint8_t*)(heap + a) = 1;
        hypercall(HOLM_HYPERCALL_GUARD, heap + a);
        *(volatile uint8_t*)(heap + a + 4096) = 1;
        say("guarded\n");
        *(volatile uint8_t*)(heap + a) = 1;
    } else if (equal(what, "guard-every-second-page"))
        guard_every_second_page();
    else if (equal(what, "resume-without-upcall"))
        hypercall(HOLM_HYPERCALL_RESUME, heap);
    else if (equal(what, "resume-nowhere")) {
        const struct holm_upcall_frame frame = {.rip = 0x8000000000000000};
        store_call(HOLM_HYPERCALL_RESUME, &frame, sizeof frame, heap);
    } else if (equal(what, "store"))
        *(volatile uint8_t*)(boot->vm.hypercalls + a) = (uint8_t)b;
    else if (equal(what, "store-4"))
        *(volatile uint32_t*)(boot->vm.hypercalls + a) = (uint32_t)b;
    else if (equal(what, "store-across"))
        *(volatile uint64_t*)(boot->vm.hypercalls + 4092) = b;
    else if (equal(what, "store-vector"))
        __asm__ volatile("movups %%xmm0, (%0)" : : "r"(boot->vm.hypercalls) : "memory");
    else if (equal(what, "store-wide"))
        __asm__ volatile("vmovups %%ymm0, (%0)" : : "r"(boot->vm.hypercalls) : "memory");
    else if (equal(what, "save-state"))
        __asm__ volatile("fxsave (%0)" : : "r"(boot->vm.hypercalls) : "memory");
    else if (equal(what, "push"))
        __asm__ volatile("movq %0, %%rsp; pushq $9" : : "r"(boot->vm.hypercalls + 256) : "memory");
    else if (equal(what, "add"))
        __asm__ volatile("lock addq $1, (%0)" : : "r"(boot->vm.hypercalls) : "memory");
    else if (equal(what, "copy"))
        __asm__ volatile("rep movsb" : : "D"(boot->vm.hypercalls), "S"(bytes), "c"(4096L) : "memory");
    else if (equal(what, "read"))
        say_number("read", *word(boot->vm.hypercalls + a));
    else if (equal(what, "run-hypercalls"))
        ((void (*)(void))boot->vm.hypercalls)();
    else if (equal(what, "doorbell"))
        *(volatile uint32_t*)(boot->vm.hypercalls + 4096 + a) = 0;
    else if (equal(what, "below"))
        say_number("read", *(volatile uint8_t*)(boot->image_base - a * 4096));
    else if (equal(what, "write-below"))
        *(volatile uint8_t*)(boot->image_base - a * 4096) = 1;
    else if (equal(what, "physical"))
        say_number("read", *(volatile uint8_t*)(boot->vm.bus_offset + a));
    else if (equal(what, "fault-in-upcall")) {
        in_upcall_do_it_again = 1;
        *(volatile uint8_t*)16 = 1;
    } else if (equal(what, "fault-above-a-guard-page")) {
        hypercall(HOLM_HYPERCALL_GUARD, heap);
        frame_pointer_in_upcall = heap + a;
        *(volatile uint8_t*)16 = 1;
    } else if (equal(what, "fault-without-stack"))
        __asm__ volatile("xorl %%esp, %%esp; ud2" : : : "memory");
    else if (equal(what, "stack-of-ring-0"))
        __asm__ volatile("movq %0, %%rsp; pushq $1" : : "r"(boot->vm.hypercalls + 6 * 4096) : "memory");
    else if (equal(what, "spin")) {
        say("ready\n");
        for (;;) __builtin_ia32_pause();
    } else if (equal(what, "spin-in-upcall")) {
        spin_in_upcall = 1;
        say("ready\n");
        for (;;) __builtin_ia32_pause();
    } else if (equal(what, "exit-loop")) {
        say("ready\n");
        const struct holm_wait_call call = {0, 0, 0};
        for (;;) store_call(HOLM_HYPERCALL_WAIT, &call, sizeof call, heap);
    } else if (equal(what, "touch-heap")) {
        const uint64_t before = __builtin_ia32_rdtsc();
        for (uint64_t at = 0; at < boot->heap_size; at += 4096) *(volatile uint8_t*)(heap + at) = 1;
        const uint64_t pages = boot->heap_size / 4096;
        const uint64_t ticks = (__builtin_ia32_rdtsc() - before) / pages;
        say_number("nanoseconds-a-page", ticks * 1000000 / (boot->clock.tsc_hz / 1000));
    } else if (equal(what, "ready")) {
        const struct holm_wait_call call = {UINT64_MAX, 1, 0};
        say("ready\n");
        store_call(HOLM_HYPERCALL_WAIT, &call, sizeof call, heap);
        say("stopped\n");
    } else if (equal(what, "flood"))
        flood_console(a);
    else if (equal(what, "list"))
        list_instructions(say);
    else if (try_instruction(what))
        say("survived\n");
    else {
        const int status = abuse_block_device(what, a, b, boot, hypercall);
        const int returned = status < 0 ? abuse_network_device(what, boot, hypercall) : -1;
        if (status < 0 && returned < 0) leave(99);
        if (status >= 0)
            say_number("status", (uint64_t)status);
        else
            say_number("returned", (uint64_t)returned);
    }
    leave(0);
}

__attribute__((used)) _Noreturn void hostile_main(struct holm_boot_info* info) {
    boot = info;
    if (info->magic != HOLM_BOOT_MAGIC || info->version != HOLM_BOOT_VERSION || info->arguments.count < 2)
        leave(98);
    const char* what = (const char*)info->arguments.start;
    what += length(what) + 1;
    const char* a = info->arguments.count > 2 ? what + length(what) + 1 : "";
    const char* b = info->arguments.count > 3 ? a + length(a) + 1 : "";
    attempt(what, number_of(a), number_of(b));
    leave(0);
}

__attribute__((naked, used)) void holm_entry(void) {
    __asm__("jmp hostile_main"); /* the stack is as if the entry had been called */
}
