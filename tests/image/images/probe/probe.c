/* An image without a library OS: it uses nothing but the ABI (abi/boot_info.h), and tries one thing that its
 * first argument names. The tests of the sandbox run it; it is also the smallest example of what a tender
 * hands over. */

#include <stddef.h>
#include <stdint.h>

#include "abi/boot_info.h"

enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGTERM = 15, SIGPROF = 27 };
enum {
    SYS_read = 0,
    SYS_write = 1,
    SYS_mprotect = 10,
    SYS_pwrite64 = 18,
    SYS_getpid = 39,
    SYS_fdatasync = 75,
    SYS_clock_gettime = 228,
    SYS_exit_group = 231,
    SYS_ppoll = 271,
    SYS_fallocate = 285,
    SYS_preadv2 = 327
};

static struct holm_boot_info* boot;
static volatile uint32_t ticks;
static volatile int stop;
static volatile long longest_wait[2] = {3600, 0};          /* struct timespec */
static const uint32_t constant[4] = {0xc3c3c3c3, 1, 2, 3}; /* "ret", in read-only data */
static uint32_t variable[4] = {0xc3c3c3c3, 1, 2, 3};
static void* const relocated[] = {&variable, (void*)&constant}; /* in RELRO */
static uint8_t zeroed[3 * 4096 + 1];

typedef long gate_call(long, long, long, long, long, long, long);

static long call(long number, long a, long b, long c) {
    return ((gate_call*)boot->gate.call)(a, b, c, 0, 0, 0, number);
}

static long call_at(long number, long a, long b, long c, long offset) {
    return ((gate_call*)boot->gate.call)(a, b, c, offset, 0, 0, number);
}

_Noreturn static void leave(int status) {
    call(SYS_exit_group, status, 0, 0);
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
    call(SYS_write, boot->console_handle, (long)text, (long)length(text));
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

static long number_of(const char* text) {
    long value = 0;
    while (*text >= '0' && *text <= '9') value = value * 10 + (*text++ - '0');
    return value;
}

/* siginfo_t and ucontext_t of Linux on x86-64, as far as they are looked at. */
struct signal_info {
    int32_t signal, error, code, padding;
    uint64_t address;
};
struct machine_context {
    uint64_t flags, link, stack[3];
    uint64_t registers[23]; /* r8..r15 rdi rsi rbp rbx rdx rax rcx rsp rip ... */
};
enum { REGISTER_IP = 16 };

__attribute__((used)) void probe_upcall(int signal, struct signal_info* info,
                                        struct machine_context* context) {
    if (signal == SIGPROF) {
        ticks++;
        return;
    }
    if (signal == SIGTERM) {
        /* It may come before the first instruction. A wait that has not begun finds no time left, or is
         * abandoned; one that has begun is interrupted. */
        stop = 1;
        longest_wait[0] = 0;
        if (boot) {
            uint64_t* ip = &context->registers[REGISTER_IP];
            if (*ip >= boot->gate.window_begin && *ip < boot->gate.window_end) *ip = boot->gate.abandon;
        }
        return;
    }
    say_number("fault", (uint64_t)signal);
    say_number("address", info->address);
    say_number("on-alternate-stack", (uint64_t)((uint64_t)&info < boot->stack_low));
    leave(100 + signal);
}

static void report(void) {
    for (uint32_t i = 0, at = 0; i < boot->arguments.count; i++) {
        const char* text = (const char*)boot->arguments.start + at;
        say("argument ");
        say(text);
        say("\n");
        at += (uint32_t)length(text) + 1;
    }
    for (uint32_t i = 0, at = 0; i < boot->environment.count; i++) {
        const char* text = (const char*)boot->environment.start + at;
        say("environment ");
        say(text);
        say("\n");
        at += (uint32_t)length(text) + 1;
    }
    say_number("base", boot->image_base);
    say_number("size", boot->image_size);
    say_number("heap", boot->heap_start);
    say_number("heap-size", boot->heap_size);
    say_number("stack-low", boot->stack_low);
    say_number("stack-size", boot->stack_size);
    say_number("gate", boot->gate.call);
    say_number("grace-ms", boot->stop_grace_ms);
    say_number("flags", boot->flags);
    say_number("tsc-hz", boot->clock.tsc_hz);
    say_number("tsc-error-ppm", boot->clock.tsc_error_ppm);
    say_number("wall-seconds", boot->clock.wall_at_start_ns / 1000000000);
    say_number("seed", *(uint64_t*)boot->seed);
    for (uint32_t i = 0; i < boot->device_count; i++) {
        const struct holm_boot_device* device = &boot->devices[i];
        say("device ");
        say(device->name);
        say("\n");
        if (device->kind == HOLM_DEVICE_BLOCK) {
            say_number("disk-transport", device->transport);
            say_number("disk-handle", (uint64_t)(int64_t)device->handle);
            say_number("sector-size", device->block.sector_size);
            say_number("sector-count", device->block.sector_count);
            say_number("disk-flags", device->block.flags);
            say_number("workers", boot->workers.count);
            continue;
        }
        say_number("transport", device->transport);
        say_number("handle", (uint64_t)(int64_t)device->handle);
        say_number("mtu", device->net.mtu);
        say_number("offloads", device->net.offloads);
        say_number("configuration", device->net.configuration);
        say_number("prefix", device->net.ipv4_prefix_length);
        say_number("address-0", device->net.ipv4_address[0]);
        say_number("mac-0", device->net.mac[0]);
    }
    int wrong = relocated[0] != &variable || relocated[1] != &constant;
    for (size_t i = 0; i < sizeof zeroed; i++) wrong |= zeroed[i];
    uint8_t* heap = (uint8_t*)boot->heap_start;
    wrong |= heap[0] | heap[boot->heap_size - 1];
    heap[0] = heap[boot->heap_size - 1] = 1;
    say_number("wrong", (uint64_t)wrong);
}

/* A system call that does not come from the gate: this image brings its own instruction. */
static long own_call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

/* The same by the 32-bit way in, which has numbers of its own. */
static void legacy_call(long number) {
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(0), "c"(0), "d"(0) : "memory");
    say_number("result", (uint64_t)number);
}

static void make_guard(long page) {
    say_number("result", (uint64_t)call(SYS_mprotect, page, 4096, 0));
    *(volatile uint8_t*)page = 1;
}

/* So many guard pages with a used page between each two; and a call that ends the instance. */
static void guard_and_be_ended(long count, long heap) {
    for (long page = heap; count > 0; count--, page += 8192) {
        call(SYS_mprotect, page, 4096, 0);
        *(volatile uint8_t*)(page + 4096) = 1;
    }
    call(SYS_getpid, 0, 0, 0);
}

static void run(const void* code) {
    ((void (*)(void))code)();
}

static void wait_for_stop(void) {
    report();
    say("ready\n");
    while (!stop) call(SYS_ppoll, 0, 0, (long)longest_wait);
    say("stop\n");
    leave(0);
}

static void wait_for_ticks(uint32_t count) {
    while (ticks < count) __builtin_ia32_pause();
    say_number("ticks", ticks);
}

/* What a worker of the process tender runs; each does one thing. */
static void worker_speaks(void* argument, uint64_t index) {
    const uint64_t one = 1;
    say_number("worker-has-its-argument", argument == &boot->workers && index < boot->workers.count);
    call(SYS_write, boot->workers.done, (long)&one, 8);
    for (;;) call(SYS_ppoll, 0, 0, 0);
}
static void worker_faults(void* argument, uint64_t index) {
    *(volatile uint8_t*)index = *(uint8_t*)argument;
}
static void worker_makes_a_forbidden_call(void* argument, uint64_t index) {
    call(SYS_getpid, (long)argument, (long)index, 0);
}

struct poll_descriptor {
    int32_t descriptor;
    int16_t wanted, there;
};

static void start_worker(void (*entry)(void*, uint64_t)) {
    const uint64_t one = 1;
    boot->workers.entry = (uint64_t)(uintptr_t)entry;
    boot->workers.argument = (uint64_t)(uintptr_t)&boot->workers;
    call(SYS_write, boot->workers.wake, (long)&one, 8);
    struct poll_descriptor done = {boot->workers.done, 1, 0};
    while (!stop && call(SYS_ppoll, (long)&done, 1, (long)longest_wait) < 1) {
    }
    say("done\n");
}

/* "SIZE:OFFSET" */
static long offset_of(const char* text) {
    while (*text && *text != ':') text++;
    return *text ? number_of(text + 1) : 0;
}

static int attempt_on_disk(const char* what, const char* value) {
    const long disk = boot->devices[0].handle;
    const long number = number_of(value);
    const struct {
        void* start;
        uint64_t size;
    } piece = {zeroed, (uint64_t)number};
    long result = 0;
    if (equal(what, "pwrite"))
        result = call_at(SYS_pwrite64, disk, (long)zeroed, number, offset_of(value));
    else if (equal(what, "preadv"))
        result = call_at(SYS_preadv2, disk, (long)&piece, 1, offset_of(value));
    else if (equal(what, "fdatasync"))
        result = call(SYS_fdatasync, disk, 0, 0);
    else if (equal(what, "fallocate"))
        result = call_at(SYS_fallocate, disk, number, 0, 4096);
    else if (equal(what, "plain-write"))
        result = call(SYS_write, disk, (long)zeroed, 512);
    else if (equal(what, "plain-read"))
        result = call(SYS_read, disk, (long)zeroed, 512);
    else if (equal(what, "pwrite-console"))
        result = call_at(SYS_pwrite64, boot->console_handle, (long)zeroed, 1, 0);
    else if (equal(what, "fallocate-console"))
        result = call_at(SYS_fallocate, boot->console_handle, 3, 0, 4096);
    else if (equal(what, "worker"))
        start_worker(worker_speaks);
    else if (equal(what, "worker-fault"))
        start_worker(worker_faults);
    else if (equal(what, "worker-forbidden"))
        start_worker(worker_makes_a_forbidden_call);
    else
        return 0;
    say_number("result", (uint64_t)result);
    return 1;
}

static void overflow_stack(void);

static void attempt(const char* what, const char* value) {
    const long heap = (long)boot->heap_start;
    uint32_t* on_stack = (uint32_t[]){0xc3c3c3c3};
    __asm__ volatile("" : "+r"(on_stack) : : "memory");
    if (attempt_on_disk(what, value))
        leave(0);
    else if (equal(what, "report"))
        report();
    else if (equal(what, "exit"))
        leave((int)number_of(value));
    else if (equal(what, "call"))
        say_number("result", (uint64_t)call(number_of(value), 0, 0, 0));
    else if (equal(what, "own-call"))
        say_number("result", (uint64_t)own_call(number_of(value), 0, 0, 0));
    else if (equal(what, "own-write"))
        own_call(SYS_write, 1, (long)"allowed\n", 8);
    else if (equal(what, "clock"))
        say_number("result", (uint64_t)call(SYS_clock_gettime, 1, (long)zeroed, 0));
    else if (equal(what, "int-80"))
        legacy_call(number_of(value));
    else if (equal(what, "guard"))
        make_guard(heap);
    else if (equal(what, "guard-many"))
        guard_and_be_ended(number_of(value), heap);
    else if (equal(what, "protect"))
        say_number("result", (uint64_t)call(SYS_mprotect, heap, 4096, number_of(value)));
    else if (equal(what, "protect-sealed"))
        say_number("result", (uint64_t)call(SYS_mprotect, (long)boot->image_base, 4096, 0));
    else if (equal(what, "read"))
        say_number("result", (uint64_t)call(SYS_read, number_of(value), (long)zeroed, 1));
    else if (equal(what, "touch-heap"))
        *(volatile uint8_t*)heap = 1;
    else if (equal(what, "touch-null"))
        *(volatile uint8_t*)number_of(value) = 1;
    else if (equal(what, "touch-below-stack"))
        *(volatile uint8_t*)(boot->stack_low - 1) = 1;
    else if (equal(what, "touch-after-heap"))
        *(volatile uint8_t*)(heap + (long)boot->heap_size) = 1;
    else if (equal(what, "touch-before-heap"))
        *(volatile uint8_t*)(heap - 1) = 1;
    else if (equal(what, "write-text"))
        *(volatile uint8_t*)(uintptr_t)&leave = 1;
    else if (equal(what, "write-rodata"))
        *(volatile uint32_t*)(uintptr_t)constant = 1;
    else if (equal(what, "write-relro"))
        *(void* volatile*)(uintptr_t)relocated = 0;
    else if (equal(what, "write-gate"))
        *(volatile uint8_t*)boot->gate.call = 1;
    else if (equal(what, "execute-rodata"))
        run(constant);
    else if (equal(what, "execute-data"))
        run(variable);
    else if (equal(what, "execute-heap"))
        *(volatile uint8_t*)heap = 0xc3, run((void*)heap);
    else if (equal(what, "execute-stack"))
        run(on_stack);
    else if (equal(what, "overflow-stack"))
        overflow_stack();
    else if (equal(what, "wait"))
        wait_for_stop();
    else if (equal(what, "ticks"))
        wait_for_ticks((uint32_t)number_of(value));
    else
        leave(99);
    leave(0);
}

/* An endless recursion has no stack left to report itself on but the alternate one. */
__attribute__((noinline)) static uint64_t recurse(volatile uint8_t* outer) {
    volatile uint8_t frame[512];
    frame[0] = outer[0];
    return recurse(frame) + frame[0];
}
static void overflow_stack(void) {
    say_number("depth", recurse(zeroed));
}

__attribute__((used)) _Noreturn void probe_main(struct holm_boot_info* info) {
    boot = info;
    if (info->magic != HOLM_BOOT_MAGIC || info->version != HOLM_BOOT_VERSION || info->arguments.count < 2)
        leave(98);
    const char* what = (const char*)info->arguments.start;
    what += length(what) + 1;
    attempt(what, info->arguments.count > 2 ? what + length(what) + 1 : "");
    leave(0);
}

__attribute__((naked, used)) void holm_entry(void) {
    __asm__("jmp probe_main"); /* the stack is as if the entry had been called */
}
