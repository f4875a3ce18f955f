// The image's upcall as the manifest names it (abi/boot_info.h): the first argument tells which platform's it is. Weak:
// an image may be built without a platform, and is then not run on it.

        .section .text.holm_upcall, "ax", @progbits
        .globl  holm_upcall
        .hidden holm_upcall
        .type   holm_upcall, @function
        .weak   holm_process_upcall
        .hidden holm_process_upcall
        .weak   holm_vm_upcall
        .hidden holm_vm_upcall
holm_upcall:
        testl   %edi, %edi
        jnz     holm_process_upcall
        jmp     holm_vm_upcall
        .size   holm_upcall, . - holm_upcall

        .section .note.GNU-stack, "", @progbits
