// Where ring 3 goes on after an exception or interrupt (ring0.S): on the alternate stack, with the registers of what was interrupted.
// It puts them into a holm_upcall_frame (abi/hypercalls.h), and goes on with what it finds there afterwards.

#include "kernel/platform/virtio/x86_64/ring0_layout.h"

        .text
        .globl  holm_virtio_upcall
        .hidden holm_virtio_upcall
        .type   holm_virtio_upcall, @function
        .balign 16
holm_virtio_upcall:
        subq    $160, %rsp
        movq    %rax, (%rsp)
        movq    %rbx, 8(%rsp)
        movq    %rcx, 16(%rsp)
        movq    %rdx, 24(%rsp)
        movq    %rsi, 32(%rsp)
        movq    %rdi, 40(%rsp)
        movq    %rbp, 48(%rsp)
        movq    %r8, 64(%rsp)
        movq    %r9, 72(%rsp)
        movq    %r10, 80(%rsp)
        movq    %r11, 88(%rsp)
        movq    %r12, 96(%rsp)
        movq    %r13, 104(%rsp)
        movq    %r14, 112(%rsp)
        movq    %r15, 120(%rsp)
        movq    holm_virtio_exceptions(%rip), %rbx // the page of exceptions
        leaq    HOLM_RING0_EXCEPTION_FRAME - HOLM_RING0_EXCEPTION_PAGE(%rbx), %rax
        movq    (%rax), %rcx            // CR2
        movq    %rcx, 152(%rsp)
        movl    8(%rax), %ecx           // vector
        movl    %ecx, 144(%rsp)
        movl    16(%rax), %ecx          // error code
        movl    %ecx, 148(%rsp)
        movq    24(%rax), %rcx          // RIP
        movq    %rcx, 128(%rsp)
        movq    40(%rax), %rcx          // RFLAGS
        movq    %rcx, 136(%rsp)
        movq    48(%rax), %rcx          // RSP
        movq    %rcx, 56(%rsp)
        movq    %rsp, %rdi
        movq    32(%rax), %rsi          // CS
        xorl    %ebp, %ebp
        cld
        // What the handler uses of the vector registers: SSE's.
        leaq    -512(%rsp), %r12
        andq    $-16, %r12
        movq    %rsp, %r13
        movq    %r12, %rsp
        fxsave64 (%r12)
        call    holm_virtio_exception
        fxrstor64 (%r12)
        movq    %r13, %rsp
        decl    HOLM_RING0_UPCALL_DEPTH - HOLM_RING0_EXCEPTION_PAGE(%rbx)
        // Ring 0 goes back there, since it alone can let interrupts come again.
        leaq    HOLM_RING0_EXCEPTION_FRAME - HOLM_RING0_EXCEPTION_PAGE(%rbx), %rax
        movq    128(%rsp), %rcx
        movq    %rcx, 24(%rax)          // RIP
        movq    136(%rsp), %rcx
        movq    %rcx, 40(%rax)          // RFLAGS
        movq    56(%rsp), %rcx
        movq    %rcx, 48(%rax)          // RSP
        movq    40(%rsp), %rcx
        movq    %rcx, (%rax)            // RDI
        movq    (%rsp), %rax
        movq    8(%rsp), %rbx
        movq    16(%rsp), %rcx
        movq    24(%rsp), %rdx
        movq    32(%rsp), %rsi
        movq    48(%rsp), %rbp
        movq    64(%rsp), %r8
        movq    72(%rsp), %r9
        movq    80(%rsp), %r10
        movq    88(%rsp), %r11
        movq    96(%rsp), %r12
        movq    104(%rsp), %r13
        movq    112(%rsp), %r14
        movq    120(%rsp), %r15
        movl    $HOLM_SERVICE_RESUME, %edi
        int     $HOLM_VECTOR_SERVICE
        .size   holm_virtio_upcall, . - holm_virtio_upcall

        .section .note.GNU-stack, "", @progbits
