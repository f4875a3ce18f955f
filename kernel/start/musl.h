#pragma once

// Hidden parts of libc.a: musl 1.2.3, src/internal/libc.h and src/env/__init_tls.c.

#include <cstddef>

extern "C" {
struct MuslTlsModule {
    MuslTlsModule* next;
    const void* image;
    std::size_t length;
    std::size_t size;
    std::size_t alignment;
    std::size_t offset;
};
struct MuslState {
    char can_do_threads;
    char threaded;
    char secure;
    volatile signed char need_locks;
    int threads_minus_1;
    std::size_t* auxv;
    MuslTlsModule* tls_head;
    std::size_t tls_size;
    std::size_t tls_align;
    std::size_t tls_count;
    std::size_t page_size;
    const void* global_locale[6];
};
[[gnu::visibility("hidden")]] extern MuslState __libc;

// Lays out a thread's storage in __libc.tls_size bytes and returns its descriptor; makes it the running
// one's.
[[gnu::visibility("hidden")]] void* __copy_tls(unsigned char* memory);
[[gnu::visibility("hidden")]] int __init_tp(void* descriptor);
}

namespace holm {

constexpr std::size_t kMuslThreadDescriptorSize = 200;  // sizeof(struct pthread)

}  // namespace holm
