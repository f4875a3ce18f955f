// bool holm_rdrand(uint64_t* number): one number from the processor; false when it has none ready, or none at all.
//
// Whether there is such an instruction would take a CPUID to know, which costs a virtual machine 7 us. Instead it is
// tried: on the rare processor without, the upcall for the illegal instruction goes on behind it, with carry clear.

        .text
        .globl  holm_rdrand
        .hidden holm_rdrand
        .globl  holm_rdrand_instruction
        .hidden holm_rdrand_instruction
        .globl  holm_rdrand_next
        .hidden holm_rdrand_next
        .type   holm_rdrand, @function
        .balign 16
holm_rdrand:
        xorl    %edx, %edx      // clears the carry flag
holm_rdrand_instruction:
        rdrand  %rdx
holm_rdrand_next:
        movq    %rdx, (%rdi)
        setc    %al
        ret
        .size   holm_rdrand, . - holm_rdrand

        .section .note.GNU-stack, "", @progbits
