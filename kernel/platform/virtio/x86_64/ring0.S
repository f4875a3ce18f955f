// All that runs in ring 0 once an image has been entered (ring0_layout.h). It is copied into the ring-0 area and runs
// there, at whatever address; so it refers to itself relatively and to nothing else.
//
// Exceptions of ring 3 are reflected to it: the frame stays on the exception stack, which ring 3 can read, and ring 3 goes
// on at its upcall. Ring 3 runs with interrupts off; they come in the one place that waits for them.

#include "kernel/platform/virtio/x86_64/ring0_layout.h"

#define TABLE(offset) holm_ring0_begin + HOLM_RING0_TABLES + offset(%rip)

        .section .rodata.holm_ring0, "a", @progbits
        .globl  holm_ring0_begin, holm_ring0_end, holm_ring0_service
        .hidden holm_ring0_begin, holm_ring0_end, holm_ring0_service
        .globl  holm_ring0_timer, holm_ring0_attention, holm_ring0_device
        .hidden holm_ring0_timer, holm_ring0_attention, holm_ring0_device
        .balign 16
holm_ring0_begin:
        .set    vector, 0
        .rept   32
        .balign 16
        .if     vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
        .else
        pushq   $0                      // the processor pushes no error code for this one
        .endif
        pushq   $vector
        jmp     exception
        .set    vector, vector + 1
        .endr

        .balign 16
exception:
        pushq   %rax
        movq    %cr2, %rax
        xchgq   %rax, (%rsp)
        // An upcall that faults, and whose report of that faults again, has no way to say so: a triple fault ends it.
        incl    holm_ring0_begin + HOLM_RING0_UPCALL_DEPTH(%rip)
        cmpl    $3, holm_ring0_begin + HOLM_RING0_UPCALL_DEPTH(%rip)
        ja      give_up
        pushq   $HOLM_SELECTOR_USER_DATA
        pushq   TABLE(HOLM_RING0_UPCALL_STACK)
        pushq   $2
        pushq   $HOLM_SELECTOR_USER_CODE
        pushq   TABLE(HOLM_RING0_UPCALL_ENTRY)
        iretq
give_up:
        movb    $6, %al                 // 134 in isa-debug-exit's seven bits, if there is one
        outb    %al, $0xf4
        pushq   $0
        pushq   $0
        lidt    (%rsp)
        ud2

        // An interrupt, always of the hlt below: goes back to where that was called from.
        .macro  interrupt name, vector
        .balign 16
\name:  movl    $\vector, %eax
        movq    24(%rsp), %rsp
        iretq
        .endm
        interrupt holm_ring0_timer, HOLM_VECTOR_TIMER
        interrupt holm_ring0_attention, HOLM_VECTOR_ATTENTION
        interrupt holm_ring0_device, HOLM_VECTOR_DEVICE

        .balign 16
holm_ring0_service:
        testl   %edi, %edi
        jz      wait
        cmpl    $HOLM_SERVICE_GUARD, %edi
        jb      wait_deadline
        je      guard
        // The rest is for the boot, which ends when the page tables are sealed.
        cmpq    $0, TABLE(HOLM_RING0_ROOT)
        jne     done
        cmpl    $HOLM_SERVICE_WRMSR, %edi
        je      write_register
        cmpl    $HOLM_SERVICE_ACTIVATE, %edi
        je      activate
done:   iretq

wait_deadline:
        movl    $0x6e0, %ecx            // IA32_TSC_DEADLINE
        wrmsr
wait:   sti
        hlt
        cli                             // woken by what is not an interrupt
        iretq

guard:  movq    %rsi, %rax
        subq    TABLE(HOLM_RING0_HEAP_START), %rax
        cmpq    TABLE(HOLM_RING0_HEAP_SIZE), %rax
        jae     done
        movq    TABLE(HOLM_RING0_ROOT), %rax
        movl    $39, %ecx
next:   movq    %rsi, %rdx
        shrq    %cl, %rdx
        andl    $511, %edx
        subl    $9, %ecx
        cmpl    $3, %ecx
        je      leaf
        movq    (%rax, %rdx, 8), %rax
        andq    $-4096, %rax            // tables have no NX bit
        addq    TABLE(HOLM_RING0_BUS_OFFSET), %rax
        jmp     next
leaf:   movq    $0, (%rax, %rdx, 8)
        invlpg  (%rsi)
        iretq

write_register:
        wrmsr
        iretq

activate:
        // On the new area's stack, which both sets of page tables have.
        leaq    holm_ring0_begin + HOLM_RING0_SERVICE_STACK_TOP(%rip), %rsp
        movq    HOLM_ACTIVATION_CR4(%rsi), %rax
        movq    %rax, %cr4
        movl    HOLM_ACTIVATION_XCR0(%rsi), %eax
        testl   %eax, %eax
        jz      1f
        xorl    %edx, %edx
        xorl    %ecx, %ecx
        xsetbv
1:      movq    HOLM_ACTIVATION_CR3(%rsi), %rax
        movq    %rax, %cr3
        lgdt    HOLM_ACTIVATION_GDT(%rsi)
        lidt    HOLM_ACTIVATION_IDT(%rsi)
        movl    $HOLM_SELECTOR_TSS, %eax
        ltr     %ax
        movq    HOLM_ACTIVATION_ROOT(%rsi), %rax
        movq    %rax, TABLE(HOLM_RING0_ROOT)
        movq    HOLM_ACTIVATION_ARGUMENT(%rsi), %rdi
        pushq   $HOLM_SELECTOR_USER_DATA
        pushq   HOLM_ACTIVATION_STACK(%rsi)
        pushq   $2
        pushq   $HOLM_SELECTOR_USER_CODE
        pushq   HOLM_ACTIVATION_ENTRY(%rsi)
        iretq
        .balign 16
holm_ring0_end:

        .section .note.GNU-stack, "", @progbits
