/* The allocator is the image's own (kernel/memory). musl's internal callers reach it by these names. */
#include <stdlib.h>

void *__libc_malloc(size_t size) { return malloc(size); }
void *__libc_calloc(size_t count, size_t size) { return calloc(count, size); }
void *__libc_realloc(void *block, size_t size) { return realloc(block, size); }
void __libc_free(void *block) { free(block); }
