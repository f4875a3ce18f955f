// Where an image begins (abi/boot_info.h describes the state): %rdi is the boot info. The frame pointer is zero and
// there is no return address, so that backtraces end here.

        .section .text.holm_entry, "ax", @progbits
        .globl  holm_entry
        .hidden holm_entry
        .type   holm_entry, @function
holm_entry:
        .cfi_startproc
        .cfi_undefined %rip
        xorl    %ebp, %ebp
        pushq   $0              // a call finds %rsp divisible by 16
        call    holm_start
        ud2
        .cfi_endproc
        .size   holm_entry, . - holm_entry

        // Whoever executes the file directly is told by this name what to do instead (toolchain/cmake/HolmImage.cmake).
        .section .interp, "aR", @progbits
        .asciz  "/holm/run-this-image-with-the-holm-command"

        .section .note.GNU-stack, "", @progbits
