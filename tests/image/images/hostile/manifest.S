/* The manifest of the hostile image, by hand: the vm platform, an optional block device and an optional network device. */
    .section .note.holm, "a", @note
    .balign 4
    .long 5, 2f - 1f, 0x314d4c48
    .asciz "Holm"
    .balign 4
1:  .long 1, 2f - 1b, 2, 2      /* version, size, platforms: vm, devices */
    .quad 0x100000, 0x400000    /* heap: minimum, default */
    .long 0x10000               /* stack */
    .long hostile_upcall - .
    .asciz "hostile"
    .org 1b + 72
    .asciz "disk"
    .org 1b + 72 + 32
    .long 2, 1                  /* block, optional */
    .org 1b + 72 + 40
    .asciz "lan"
    .org 1b + 72 + 40 + 32
    .long 1, 1                  /* network, optional */
2:
    .section .note.GNU-stack, "", @progbits

    // Whoever executes the file directly is told by this name what to do instead (toolchain/cmake/HolmImage.cmake).
    .section .interp, "aR", @progbits
    .asciz "/holm/run-this-image-with-the-holm-command"
