#pragma once

/* Where things lie in the ring-0 area, for the assembler and for C++ (hence macros). The area is four pages:
 * code, tables, the stack of services and the stack of exceptions. Only the last one can be seen from ring 3.
 */

#define HOLM_RING0_TABLES 0x1000
#define HOLM_RING0_SERVICE_STACK_TOP 0x3000
#define HOLM_RING0_EXCEPTION_PAGE 0x3000
#define HOLM_RING0_EXCEPTION_STACK_TOP 0x4000
#define HOLM_RING0_SIZE 0x4000

/* In the page of tables. */
#define HOLM_RING0_GDT 0x000
#define HOLM_RING0_GDT_SIZE 0x50
#define HOLM_RING0_IDT 0x100
#define HOLM_RING0_VECTORS 0x30
#define HOLM_RING0_TSS 0x400
#define HOLM_RING0_PORTS 0x1000 /* what the bitmap of ports covers; above, there are none for ring 3 */
#define HOLM_RING0_TSS_SIZE (0x68 + HOLM_RING0_PORTS / 8 + 1)
#define HOLM_RING0_UPCALL_ENTRY 0x700
#define HOLM_RING0_UPCALL_STACK 0x708
#define HOLM_RING0_HEAP_START 0x710
#define HOLM_RING0_HEAP_SIZE 0x718
#define HOLM_RING0_ROOT 0x720       /* virtual address of the top page table */
#define HOLM_RING0_BUS_OFFSET 0x728 /* virtual minus physical address */
#define HOLM_RING0_OFF_STEPS 0x730  /* struct OffStep, one after another; the last one is kEnd */

/* In the page of exceptions, which ring 3 can write: what an exception or interrupt leaves at the top of its
 * stack, how many upcalls have begun and not returned, and the vector of an interrupt that ring 3 has to see
 * to before it sleeps, or 0. */
#define HOLM_RING0_EXCEPTION_FRAME 0x3fc0
#define HOLM_RING0_UPCALL_DEPTH 0x3000
#define HOLM_RING0_PENDING 0x3008

/* struct BootArea */
#define HOLM_BOOT_TABLES 11
#define HOLM_BOOT_RING0 (HOLM_BOOT_TABLES * 0x1000)
#define HOLM_BOOT_STACK_SIZE 0x8000
#define HOLM_BOOT_STACK_TOP (HOLM_BOOT_RING0 + HOLM_RING0_SIZE + HOLM_BOOT_STACK_SIZE)

/* Selectors. These numbers and no others: a KVM without hardware support (PVM) runs ring 3 with Linux's. */
#define HOLM_SELECTOR_KERNEL_CODE 0x10
#define HOLM_SELECTOR_USER_DATA 0x2b
#define HOLM_SELECTOR_USER_CODE 0x33
#define HOLM_SELECTOR_TSS 0x40

/* Vectors. */
#define HOLM_VECTOR_SERVICE 4 /* int $4: the only software interrupt besides int3 that every KVM delivers */
#define HOLM_VECTOR_TIMER 0x20
#define HOLM_VECTOR_ATTENTION 0x21 /* the console or the power button */
#define HOLM_VECTOR_DEVICE 0x22
#define HOLM_VECTOR_SPURIOUS 0x2f

/* Services, in %edi. */
#define HOLM_SERVICE_WAIT 0          /* sleeps until an interrupt; %eax: its vector, or something else */
#define HOLM_SERVICE_WAIT_DEADLINE 1 /* the same with %edx:%eax in the TSC deadline register */
#define HOLM_SERVICE_RESUME                                                                                  \
    2                           /* leaves an upcall: to the frame in the page of exceptions, its CR2 is %rdi \
                                 */
#define HOLM_SERVICE_DEADLINE 3 /* %edx:%eax into the TSC deadline register */
#define HOLM_SERVICE_GUARD 4    /* takes the page at %rsi, of the heap, out of the page tables */
#define HOLM_SERVICE_OFF 5      /* ends the machine; %esi: status */
/* Before the seal only: */
#define HOLM_SERVICE_WRMSR 6    /* %ecx, %edx:%eax */
#define HOLM_SERVICE_ACTIVATE 7 /* %rsi: struct Activation */

/* How a struct OffStep is carried out. */
#define HOLM_OFF_END 0
#define HOLM_OFF_PORT8 1
#define HOLM_OFF_PORT16 2
#define HOLM_OFF_MEMORY8 3
#define HOLM_OFF_MEMORY16 4

/* QEMU's isa-debugcon at its usual port, which says its own number when it is read: takes all eight bits of a
 * status. isa-debug-exit where people put it: QEMU ends at once, with 2 * value + 1. */
#define HOLM_PORT_STATUS 0xe9
#define HOLM_PORT_DEBUG_EXIT 0xf4

/* struct Activation */
#define HOLM_ACTIVATION_CR4 0
#define HOLM_ACTIVATION_XCR0 8 /* 0: leave it */
#define HOLM_ACTIVATION_CR3 16
#define HOLM_ACTIVATION_GDT 24 /* limit and base: 10 bytes */
#define HOLM_ACTIVATION_IDT 40
#define HOLM_ACTIVATION_ENTRY 56
#define HOLM_ACTIVATION_STACK 64
#define HOLM_ACTIVATION_ARGUMENT 72
#define HOLM_ACTIVATION_ROOT 80
