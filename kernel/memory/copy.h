#pragma once

// Copying and filling memory. musl's versions are `rep movs` and `rep stos`, whose start alone takes longer
// than copying a packet's headers: they were 8 % of the CPU time of a web request. Here small sizes are a few
// overlapping loads and stores, middle sizes a loop of 64 bytes, large sizes the string instruction. The
// vector type is the compiler's.

#include <cstddef>
#include <cstdint>

namespace holm::memory {

namespace detail {

using Block = unsigned char __attribute__((ext_vector_type(16)));

template <typename T>
inline T load(const void* from) {
    T value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}
template <typename T>
inline void store(void* to, T value) {
    __builtin_memcpy(to, &value, sizeof value);
}

// The first and the last T of n bytes, sizeof(T) <= n <= 2 * sizeof(T). Both are loaded before either is
// stored.
template <typename T>
inline void move_ends(unsigned char* to, const unsigned char* from, std::size_t n) {
    const T head = load<T>(from);
    const T tail = load<T>(from + n - sizeof(T));
    store(to, head);
    store(to + n - sizeof(T), tail);
}
template <typename T>
inline void fill_ends(unsigned char* to, T value, std::size_t n) {
    store(to, value);
    store(to + n - sizeof(T), value);
}

// From here on the string instructions win (ERMS).
inline constexpr std::size_t kLarge = 2048;

inline void move_large(unsigned char* to, const unsigned char* from, std::size_t n) {
#ifdef __x86_64__
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
    for (; n > 0; --n) *to++ = *from++;
#endif
}

struct Four {
    Block a, b, c, d;
};
inline Four load_four(const unsigned char* from) {
    return {load<Block>(from), load<Block>(from + 16), load<Block>(from + 32), load<Block>(from + 48)};
}
inline void store_four(unsigned char* to, const Four& four) {
    store(to, four.a);
    store(to + 16, four.b);
    store(to + 32, four.c);
    store(to + 48, four.d);
}

}  // namespace detail

// memmove: the areas may overlap.
inline void move_bytes(unsigned char* to, const unsigned char* from, std::size_t n) {
    using namespace detail;
    if (n <= 16) {
        if (n >= 8) return move_ends<std::uint64_t>(to, from, n);
        if (n >= 4) return move_ends<std::uint32_t>(to, from, n);
        if (n >= 2) return move_ends<std::uint16_t>(to, from, n);
        if (n == 1) *to = *from;
        return;
    }
    if (n <= 32) return move_ends<Block>(to, from, n);
    if (n <= 64) {
        const Block a = load<Block>(from), b = load<Block>(from + 16);
        const Block c = load<Block>(from + n - 32), d = load<Block>(from + n - 16);
        store(to, a);
        store(to + 16, b);
        store(to + n - 32, c);
        store(to + n - 16, d);
        return;
    }
    // The last or first 64 bytes are loaded before the loop could overwrite them, and stored after it.
    if (reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from) >= n) {
        if (n >= kLarge && to != from) return move_large(to, from, n);
        const Four tail = load_four(from + n - 64);
        unsigned char* const end = to + n - 64;
        for (; n > 64; n -= 64, to += 64, from += 64) store_four(to, load_four(from));
        store_four(end, tail);
    } else {
        const Four head = load_four(from);
        for (; n > 64; n -= 64) store_four(to + n - 64, load_four(from + n - 64));
        store_four(to, head);
    }
}

// memset.
inline void fill_bytes(unsigned char* to, unsigned char value, std::size_t n) {
    using namespace detail;
    const std::uint64_t eight = 0x0101010101010101ULL * value;
    if (n <= 16) {
        if (n >= 8) return fill_ends<std::uint64_t>(to, eight, n);
        if (n >= 4) return fill_ends<std::uint32_t>(to, static_cast<std::uint32_t>(eight), n);
        if (n >= 2) return fill_ends<std::uint16_t>(to, static_cast<std::uint16_t>(eight), n);
        if (n == 1) *to = value;
        return;
    }
    const Block block = value;
    if (n <= 32) return fill_ends<Block>(to, block, n);
#ifdef __x86_64__
    if (n >= kLarge) {
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(value) : "memory");
        return;
    }
#endif
    unsigned char* const end = to + n - 32;
    for (; to < end; to += 32) fill_ends<Block>(to, block, 32);
    fill_ends<Block>(end, block, 32);
}

}  // namespace holm::memory
