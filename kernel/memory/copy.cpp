// The C library's names for copy.h and search.h. Images find them before musl's. Compiled without a stack
// protector, because they are called before there is a canary, and without the compiler's knowledge of what
// they do, lest it calls them in themselves.

#include "kernel/memory/copy.h"

#include "kernel/memory/search.h"

namespace {

unsigned char* bytes(void* memory) {
    return static_cast<unsigned char*>(memory);
}
const unsigned char* bytes(const void* memory) {
    return static_cast<const unsigned char*>(memory);
}

}  // namespace

extern "C" {

void* memmove(void* to, const void* from, std::size_t n) {
    holm::memory::move_bytes(bytes(to), bytes(from), n);
    return to;
}

void* memcpy(void* to, const void* from, std::size_t n) {
    holm::memory::move_bytes(bytes(to), bytes(from), n);
    return to;
}

void* memset(void* to, int value, std::size_t n) {
    holm::memory::fill_bytes(bytes(to), static_cast<unsigned char>(value), n);
    return to;
}

void* memchr(const void* text, int byte, std::size_t n) {
    return const_cast<char*>(
        holm::memory::find_byte(static_cast<const char*>(text), static_cast<char>(byte), n));
}

std::size_t strlen(const char* text) {
    return holm::memory::string_length(text);
}

}  // extern "C"
