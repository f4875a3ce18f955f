// All that runs in ring 0 once an image has been entered (ring0_layout.h). It is copied into the ring-0 area and runs
// there, at whatever address; so it refers to itself relatively and to nothing else.
//
// Exceptions of ring 3 are reflected to it: the frame stays on the exception stack, which ring 3 can read, and ring 3 goes
// on at its upcall. Interrupts wake it from the one place that waits for them; when they come in ring 3, which is when it
// has been busy for long, they go the way of exceptions. Upcalls run with interrupts off.

#include "kernel/platform/virtio/x86_64/ring0_layout.h"

#define TABLE(offset) holm_ring0_begin + HOLM_RING0_TABLES + offset(%rip)
#define FRAME(offset) holm_ring0_begin + HOLM_RING0_EXCEPTION_FRAME + offset(%rip) // struct ExceptionFrame

        .section .data.rel.ro.holm_ring0, "aw", @progbits // where a page has room; read-only before a service runs
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
reflect:
        pushq   $HOLM_SELECTOR_USER_DATA
        pushq   TABLE(HOLM_RING0_UPCALL_STACK)
        pushq   $2
        pushq   $HOLM_SELECTOR_USER_CODE
        pushq   TABLE(HOLM_RING0_UPCALL_ENTRY)
        iretq
give_up:
        movb    $6, %al                 // 134 in isa-debug-exit's seven bits, if there is one
        outb    %al, $HOLM_PORT_DEBUG_EXIT
end:    pushq   $0
        pushq   $0
        lidt    (%rsp)
        ud2

        // An interrupt. One of the hlt below goes back to where that was called from.
        .macro  interrupt name, vector
        .balign 16
\name:  testb   $3, 8(%rsp)
        jnz     1f
        movl    $\vector, %eax
        movq    24(%rsp), %rsp
        iretq
1:      pushq   $\vector
        jmp     interrupted
        .endm
        interrupt holm_ring0_timer, HOLM_VECTOR_TIMER
        interrupt holm_ring0_attention, HOLM_VECTOR_ATTENTION
        interrupt holm_ring0_device, HOLM_VECTOR_DEVICE

interrupted:
        popq    FRAME(8)                // vector
        popq    FRAME(24)               // RIP
        popq    FRAME(32)               // CS
        popq    FRAME(40)               // RFLAGS
        popq    FRAME(48)               // RSP
        popq    FRAME(56)               // SS
        incl    holm_ring0_begin + HOLM_RING0_UPCALL_DEPTH(%rip)
        jmp     reflect

        .balign 16
holm_ring0_service:
        cmpl    $HOLM_SERVICE_WAIT_DEADLINE, %edi
        jb      wait
        je      wait_deadline
        cmpl    $HOLM_SERVICE_DEADLINE, %edi
        jb      resume
        je      deadline
        cmpl    $HOLM_SERVICE_OFF, %edi
        jb      guard
        je      off
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
wait:   movl    holm_ring0_begin + HOLM_RING0_PENDING(%rip), %eax
        testl   %eax, %eax
        jnz     done                    // it came between ring 3's last look and here
        sti
        hlt
        cli                             // woken by what is not an interrupt
        iretq

deadline:
        movl    $0x6e0, %ecx
        wrmsr
        iretq

resume: movq    FRAME(40), %rdi
        andl    $0x250dd5, %edi         // what ring 3 can change by itself, and the resume flag
        orl     $0x202, %edi            // interrupts
        // The boot has none.
        cmpq    $0, TABLE(HOLM_RING0_ROOT)
        jne     1f
        andl    $~0x200, %edi
1:      pushq   $HOLM_SELECTOR_USER_DATA
        pushq   FRAME(48)
        pushq   %rdi
        pushq   $HOLM_SELECTOR_USER_CODE
        pushq   FRAME(24)
        movq    FRAME(0), %rdi
        iretq

        // All ways to end a machine, one after another. The status leaves first, by what can carry it.
off:    inb     $HOLM_PORT_STATUS, %al
        cmpb    $HOLM_PORT_STATUS, %al
        movl    %esi, %eax
        jne     1f
        outb    %al, $HOLM_PORT_STATUS
1:      andl    $0x7f, %eax
        outb    %al, $HOLM_PORT_DEBUG_EXIT
        leaq    TABLE(HOLM_RING0_OFF_STEPS), %rsi
step:   movq    (%rsi), %rdx            // where
        movl    8(%rsi), %ecx           // how
        movl    12(%rsi), %eax          // what
        addq    $16, %rsi
        cmpl    $HOLM_OFF_PORT16, %ecx
        ja      2f
        je      1f
        testl   %ecx, %ecx
        jz      end
        outb    %al, %dx
        jmp     step
1:      outw    %ax, %dx
        jmp     step
2:      cmpl    $HOLM_OFF_MEMORY16, %ecx
        je      3f
        movb    %al, (%rdx)
        jmp     step
3:      movw    %ax, (%rdx)
        jmp     step

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
        pushq   $0x202                  // from here on, interrupts
        pushq   $HOLM_SELECTOR_USER_CODE
        pushq   HOLM_ACTIVATION_ENTRY(%rsi)
        iretq
        .balign 16
holm_ring0_end:

        .section .note.GNU-stack, "", @progbits
