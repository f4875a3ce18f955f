// The way in under stock VMMs: PVH (Xen's docs/misc/pvh.pandoc). 32-bit protected mode, flat segments, no paging, %ebx
// is the address of the start info; the image lies at its link address. Ring 0 does the least it can: a software KVM
// interprets it at 1 us an instruction. It maps the image and the first 2 MiB one to one, for ring 3 too, and goes there;
// everything else is C++ (boot.cpp).

#include "kernel/platform/virtio/x86_64/ring0_layout.h"

        .section .note.holm_pvh, "aR", @note
        .balign 4
        .long   4, 8, 18        // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   holm_pvh_address // holm_pvh_entry as a number (holm-manifest --link-options)

        .section .data.rel.ro.holm_pvh_gdt, "aw", @progbits
        .balign 8
gdt:    .quad   0, 0
        .quad   0x00af9b000000ffff // HOLM_SELECTOR_KERNEL_CODE
        .quad   0x00cf93000000ffff, 0
        .quad   0x00cff3000000ffff // HOLM_SELECTOR_USER_DATA
        .quad   0x00affb000000ffff // HOLM_SELECTOR_USER_CODE
        .quad   0
        .quad   0x0000890000000000 + HOLM_RING0_TSS_SIZE - 1, 0 // HOLM_SELECTOR_TSS; its base is filled in
gdt_end:

        .section .text.holm_pvh, "axR", @progbits
        .globl  holm_pvh_entry
        .hidden holm_pvh_entry
        .type   holm_pvh_entry, @function
        .code32
holm_pvh_entry:
        cld
        movl    (%ebx), %ebp    // the start info's magic: the only memory that is known to be free for a moment
        leal    4(%ebx), %esp
        call    here
here:   popl    %edi
        movl    %ebp, (%ebx)
#define AT(symbol) symbol - here(%edi)
        leal    AT(holm_boot_area + HOLM_BOOT_STACK_TOP), %esp

        leal    AT(holm_boot_area), %eax
        leal    0x1007(%eax), %ecx
        movl    %ecx, (%eax)            // level 4 to 3, 3 to 2: present, writable, for ring 3
        leal    0x2007(%eax), %ecx
        movl    %ecx, 0x1000(%eax)
        leal    AT(_end), %esi
        shrl    $21, %esi
        movl    $0xe7, %edx             // 2 MiB pages
        leal    0x2000(%eax), %ecx
map:    movl    %edx, (%ecx)
        addl    $8, %ecx
        addl    $0x200000, %edx
        decl    %esi
        jns     map

        leal    AT(holm_boot_area + HOLM_BOOT_RING0 + HOLM_RING0_TABLES + HOLM_RING0_TSS), %ecx
        movw    %cx, AT(gdt + HOLM_SELECTOR_TSS + 2)
        shrl    $16, %ecx
        movb    %cl, AT(gdt + HOLM_SELECTOR_TSS + 4)
        movb    %ch, AT(gdt + HOLM_SELECTOR_TSS + 7)
        leal    AT(gdt), %ecx
        pushl   %ecx
        pushw   $(gdt_end - gdt - 1)
        lgdt    (%esp)
        leal    AT(holm_boot_area + HOLM_BOOT_RING0 + HOLM_RING0_TABLES + HOLM_RING0_IDT), %ecx
        pushl   %ecx                    // its gates are ring 3's to fill
        pushw   $(HOLM_RING0_VECTORS * 16 - 1)
        lidt    (%esp)

        movl    $0x620, %ecx            // PAE, OSFXSR, OSXMMEXCPT
        movl    %ecx, %cr4
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx       // EFER
        movl    $0x900, %eax            // LME, NXE
        xorl    %edx, %edx
        wrmsr
        movl    $0x80010033, %eax       // PG, WP, NE, ET, MP, PE
        movl    %eax, %cr0
        leal    AT(long_mode), %eax
        pushl   $HOLM_SELECTOR_KERNEL_CODE
        pushl   %eax
        lretl

        .code64
long_mode:
        movl    $HOLM_SELECTOR_TSS, %eax
        ltr     %ax
        movl    %ebx, %edi
        leaq    holm_boot_area + HOLM_BOOT_STACK_TOP(%rip), %rsp
        movq    %rsp, %rax
        pushq   $HOLM_SELECTOR_USER_DATA
        pushq   %rax
        pushq   $2                      // no interrupts in ring 3
        pushq   $HOLM_SELECTOR_USER_CODE
        leaq    ring3(%rip), %rax
        pushq   %rax
        iretq
ring3:  xorl    %ebp, %ebp
        call    holm_virtio_boot
        ud2
        .size   holm_pvh_entry, . - holm_pvh_entry

        .section .note.GNU-stack, "", @progbits
