// The gate page. Position independent; moved to a random address (gate.h). It holds the only `syscall` instruction that an
// instance's address space has, unless its image brings its own: then the filter still requires this one for all
// calls that are not bound by construction.

#include "tender/process/departure_offsets.h"

    .section .text.holm_gate, "ax", @progbits
    .balign 4096
    .globl  holm_gate_page
holm_gate_page:

// long call(a, b, c, d, e, f, number): %rdi %rsi %rdx %rcx %r8 %r9 and the stack (System V) to the kernel's convention.
// Nothing is pushed, so that an upcall may move %rip from anywhere in the window to `abandon`.
    .globl  holm_gate_call
holm_gate_call:
    movq    8(%rsp), %rax
    movq    %rcx, %r10
enter:
    syscall
    .globl  holm_gate_window_end
holm_gate_window_end:
    ret

    .balign 16
    .globl  holm_gate_abandon
holm_gate_abandon:
    movq    $-4, %rax               // -EINTR
    ret

// Where the kernel returns to from an upcall.
    .balign 16
    .globl  holm_gate_restorer
holm_gate_restorer:
    movl    $15, %eax               // rt_sigreturn
    jmp     enter

// A thread beside the first one (workers.cpp): it comes here from its clone() by the `ret` above, with the address of a
// struct holm_boot_workers and its own number on its stack, and leaves for the image when there is work for the first
// time.
    .balign 16
    .globl  holm_gate_worker
holm_gate_worker:
    xorl    %eax, %eax
    wrfsbase %rax                   // the tender's thread pointer
    wrgsbase %rax
    popq    %rbx                    // struct holm_boot_workers*
    popq    %r12                    // index
wait_for_work:
    movl    16(%rbx), %edi          // wake
    movq    %rsp, %rsi              // 8 bytes that nobody needs
    movl    $8, %edx
    xorl    %eax, %eax              // read
    call    enter
    cmpq    $8, %rax
    jne     wait_for_work
    movq    (%rbx), %rax            // entry
    movq    8(%rbx), %rdi           // argument
    movq    %r12, %rsi
    xorl    %ebx, %ebx
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    xorl    %ebp, %ebp
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
    xorl    %r12d, %r12d
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    xorl    %r15d, %r15d
    subq    $8, %rsp                // a call finds %rsp divisible by 16
    call    *%rax
    ud2

// void depart(Departure*): the end of the tender. Unmaps all that is not the guest's, installs the filter, jumps. It uses
// no stack but one word for calls, and that of the guest. Offsets are those of struct Departure (checked in gate.h).
    .balign 16
    .globl  holm_gate_depart
holm_gate_depart:
    movq    %rdi, %rbx
    movq    HOLM_DEPARTURE_STACK(%rbx), %rsp
    movq    (%rbx), %r12            // holes left
    leaq    8(%rbx), %r13           // next hole
unmap:
    movq    (%r13), %rdi
    movq    8(%r13), %rsi
    movl    $11, %eax               // munmap
    call    enter
    testq   %rax, %rax
    jnz     fail
    addq    $16, %r13
    decq    %r12
    jnz     unmap

    xorl    %eax, %eax
    wrfsbase %rax                   // the tender's thread pointer: its memory is gone
    wrgsbase %rax

    movl    $1, %edi                // SECCOMP_SET_MODE_FILTER
    movq    HOLM_DEPARTURE_FLAGS(%rbx), %rsi
    leaq    HOLM_DEPARTURE_FILTER(%rbx), %rdx
    movl    $317, %eax              // seccomp
    call    enter
    testq   %rax, %rax
    jnz     fail

    movq    HOLM_DEPARTURE_ENTRY(%rbx), %rax
    movq    HOLM_DEPARTURE_BOOT(%rbx), %rdi
    xorl    %ebx, %ebx
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    xorl    %esi, %esi
    xorl    %ebp, %ebp
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
    xorl    %r12d, %r12d
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    xorl    %r15d, %r15d
    jmpq    *%rax

// The kernel took everything up to here, so this does not happen; but nothing may run outside the sandbox.
fail:
    movl    $125, %edi
    movl    $231, %eax              // exit_group
    call    enter
    ud2

    .org    holm_gate_page + 4096, 0xcc
    .section .note.GNU-stack, "", @progbits
