#pragma once

/* How a guest of the vm platform calls its tender: it stores 8 bytes at holm_boot_vm.hypercalls + 8 * number.
 * No memory lies there, so the store ends the guest's turn; when it goes on, the call is done. The value is
 * the argument, or the guest's address of a structure that holds arguments and takes the result. A tender
 * copies a structure once, checks it, and ends an instance that passes nonsense, with one sentence.
 *
 * This list is the only one: the tender's dispatch, the guest's stubs, the names in traces and the
 * documentation come from it. */

#include <stdint.h>

/* X(name, number, what the value is, what it does) */
#define HOLM_HYPERCALLS(X)                                                                                \
    X(EXIT, 0, "status", "ends the instance with this status")                                            \
    X(CONSOLE, 1, "address of struct holm_console_call", "writes text to the console, all of it")         \
    X(WAIT, 2, "address of struct holm_wait_call",                                                        \
      "lets the tender serve the devices, and sleep until one has something or the deadline has come")    \
    X(CLOCK, 3, "address of struct holm_clock_call", "reads the host's clocks")                           \
    X(GUARD, 4, "address of a page", "takes all access to this page of heap or stack away, for good")     \
    X(FAULT, 5, "none", "ring 0 only: an exception, whose frame lies on the stub's stack")                \
    X(RESUME, 6, "address of struct holm_upcall_frame", "leaves an upcall: goes on with these registers") \
    X(PANIC, 7, "status", "as EXIT, after the image has reported a panic: the moment for a core file")

enum holm_hypercall {
#define HOLM_HYPERCALL_VALUE(name, number, value, what) HOLM_HYPERCALL_##name = number,
    HOLM_HYPERCALLS(HOLM_HYPERCALL_VALUE)
#undef HOLM_HYPERCALL_VALUE
};

struct holm_console_call {
    uint64_t text; /* guest address */
    uint64_t size; /* bytes */
};

struct holm_wait_call {
    uint64_t deadline_ns; /* on the guest's clock: nanoseconds since holm_boot_clock.tsc_at_start; UINT64_MAX:
                             none */
    uint32_t until_stop;  /* not 0: a stop request ends the wait, even one that came before */
    uint32_t events;      /* result: not 0 if a device has something */
};

struct holm_clock_call {
    uint64_t tsc;             /* result: the time stamp counter at the moment of the next two ... */
    uint64_t tsc_uncertainty; /* ... give or take so many ticks */
    uint64_t monotonic_ns;    /* results: the host's CLOCK_MONOTONIC ... */
    uint64_t wall_ns;         /* ... and CLOCK_REALTIME */
};

/* What an upcall of the vm platform is about, as the tender puts it on the upcall's stack. The registers are
 * those of the interrupted code; RESUME takes them back, but for what a ring-3 program cannot set. */
struct holm_upcall_frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint32_t vector;     /* of the exception (Intel SDM vol. 3, 6.15), or enum holm_upcall_vector */
    uint32_t error_code; /* as the processor pushed it; 0 if it pushes none */
    uint64_t address;    /* CR2, for a page fault */
};

enum holm_upcall_vector {
    HOLM_UPCALL_WATCHDOG = 256, /* a second of CPU time has gone by */
    HOLM_UPCALL_STOP = 257,     /* a stop request */
    HOLM_UPCALL_GRACE = 258, /* the time that a stop request leaves is over: the last moment for a report */
};

#ifdef __cplusplus
static_assert(sizeof(struct holm_wait_call) == 16);
static_assert(sizeof(struct holm_upcall_frame) == 160);
#endif
