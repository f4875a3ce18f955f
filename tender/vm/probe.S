// The first instructions that a virtual machine runs, in ring 3, in a page of their own that goes away at the first
// hypercall: is this KVM able to run ring 3 natively? Position independent; copied (probe.h).
//
// %r10: where a store tells the tender that it is not. %r11: the image's entry. %rdi, %rsp: the image's own.

    .section .rodata.holm_vm_probe, "a", @progbits
    .globl  holm_vm_probe
    .globl  holm_vm_probe_end
holm_vm_probe:
    movl    $16, %esi               // a try can be interrupted by the host, so there are several
again:
    rdtsc
    movl    %eax, %ebx
    movl    $1000, %ecx
loop:
    decl    %ecx
    jnz     loop
    rdtsc
    subl    %ebx, %eax
    cmpl    $100000, %eax           // 100 ticks an iteration: native code needs 1 or 2, an interpreter 1000 and more
    jb      good
    decl    %esi
    jnz     again
    movl    %eax, %eax
    movq    %rax, (%r10)
    ud2
good:
    movq    %r11, %rax
    xorl    %ebx, %ebx
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    xorl    %esi, %esi
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
    jmpq    *%rax
holm_vm_probe_end:
    .section .note.GNU-stack, "", @progbits
