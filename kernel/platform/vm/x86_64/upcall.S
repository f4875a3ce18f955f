// The upcall of the vm platform: upcall(0, frame, hypercalls) on the alternate stack. It keeps the vector registers of
// what it interrupted, has the frame handled, and leaves through RESUME.

        .set    RESUME, 6               // HOLM_HYPERCALL_RESUME
        .set    STATE_SIZE, 12288       // an XSAVE area with everything that there is, AMX included
        .set    STATE_HEADER, 512       // in it; XRSTOR wants what XSAVE does not write there to be zero

        .section .text.holm_vm_upcall, "ax", @progbits
        .globl  holm_vm_upcall
        .hidden holm_vm_upcall
        .type   holm_vm_upcall, @function
holm_vm_upcall:
        .cfi_startproc
        .cfi_undefined %rip
        xorl    %ebp, %ebp
        movq    %rsi, %rbx
        movq    %rdx, %r12
        subq    $STATE_SIZE, %rsp
        andq    $-64, %rsp
        xorl    %eax, %eax
        movl    $8, %ecx
        leaq    STATE_HEADER(%rsp), %rdi
        cld
        rep stosq
        movl    $-1, %eax
        movl    $-1, %edx
        xsave64 (%rsp)
        movq    %rbx, %rdi
        call    holm_vm_handle_upcall
        movl    $-1, %eax
        movl    $-1, %edx
        xrstor64 (%rsp)
        movq    %rbx, 8*RESUME(%r12)
        ud2
        .cfi_endproc
        .size   holm_vm_upcall, . - holm_vm_upcall

        .section .note.GNU-stack, "", @progbits
