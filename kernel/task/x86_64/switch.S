// void holm_switch_context(void** save, void* load): leaves one stack and goes on on another.
//
// Saved are the registers a function must preserve and the two floating-point control words; everything else is dead
// across a call. The stack pointer that is stored points at them, in the order of `SavedContext` in fiber.cpp.

        .text
        .globl  holm_switch_context
        .hidden holm_switch_context
        .type   holm_switch_context, @function
        .balign 16
holm_switch_context:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        stmxcsr (%rsp)
        fnstcw  4(%rsp)

        movq    %rsp, (%rdi)
        movq    %rsi, %rsp

        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %r15
        .cfi_adjust_cfa_offset -8
        popq    %r14
        .cfi_adjust_cfa_offset -8
        popq    %r13
        .cfi_adjust_cfa_offset -8
        popq    %r12
        .cfi_adjust_cfa_offset -8
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        ret
        .cfi_endproc
        .size   holm_switch_context, . - holm_switch_context

// Where a new fiber begins: %r12 holds its argument, %r13 the function, which does not return.
        .globl  holm_fiber_entry
        .hidden holm_fiber_entry
        .type   holm_fiber_entry, @function
        .balign 16
holm_fiber_entry:
        .cfi_startproc
        .cfi_undefined %rip     // the end of every backtrace
        xorl    %ebp, %ebp
        movq    %r12, %rdi
        call    *%r13
        ud2
        .cfi_endproc
        .size   holm_fiber_entry, . - holm_fiber_entry

        .section .note.GNU-stack, "", @progbits
