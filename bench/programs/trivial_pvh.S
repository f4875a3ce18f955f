// The least that QEMU can boot by PVH: one letter on the serial port, and the end.
        .section .note.pvh, "a", @note
        .balign 4
        .long   4, 4, 18                // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .long   start

        .text
        .code32
        .globl  start
start:  movw    $0x3f8, %dx
        movb    $'H', %al
        outb    %al, %dx
        movb    $'\n', %al
        outb    %al, %dx
        xorl    %eax, %eax
        outb    %al, $0xf4              // isa-debug-exit
        hlt
