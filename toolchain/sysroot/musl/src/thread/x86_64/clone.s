/* Threads are green: the kernel makes one from the same arguments (function, stack, flags, argument, ptid, tls, ctid). */
	.text
	.global __clone
	.hidden __clone
	.hidden __libos_clone
	.type __clone,@function
__clone:
	jmp __libos_clone
