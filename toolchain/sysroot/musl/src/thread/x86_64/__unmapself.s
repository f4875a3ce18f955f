/* A detached thread ends and gives its stack back: only the kernel can do that from another stack.
 * Arguments: base and size of the mapping. It does not return. */
	.text
	.global __unmapself
	.hidden __unmapself
	.hidden __libos_unmapself
	.type __unmapself,@function
__unmapself:
	jmp __libos_unmapself
