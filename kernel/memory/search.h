#pragma once

// Looking for a byte. Faster than musl's words of eight bytes, and a third of their size. The vector type is
// the compiler's.

#include <cstddef>
#include <cstdint>

namespace holm::memory {

namespace detail {

using SixteenBytes = char __attribute__((ext_vector_type(16)));

// A bit for each byte of a block that is `byte`.
inline unsigned where_is(SixteenBytes block, char byte) {
    const SixteenBytes wanted = byte;
#ifdef __x86_64__
    using Sixteen = char __attribute__((vector_size(16)));
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(reinterpret_cast<Sixteen>(block == wanted)));
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < 16; ++i) bits |= static_cast<unsigned>(block[i] == wanted[i]) << i;
    return bits;
#endif
}

}  // namespace detail

// memchr: where `byte` comes first, or null.
inline const char* find_byte(const char* text, char byte, std::size_t n) {
    using namespace detail;
    for (; n >= sizeof(SixteenBytes); text += sizeof(SixteenBytes), n -= sizeof(SixteenBytes)) {
        SixteenBytes block;
        __builtin_memcpy(&block, text, sizeof block);
        if (const unsigned bits = where_is(block, byte); bits != 0) return text + __builtin_ctz(bits);
    }
    for (; n > 0; --n, ++text) {
        if (*text == byte) return text;
    }
    return nullptr;
}

// strlen. Reads whole aligned blocks, which lie in one page each.
[[clang::no_sanitize("address")]] inline std::size_t string_length(const char* text) {
    using namespace detail;
    const auto misaligned = reinterpret_cast<std::uintptr_t>(text) % sizeof(SixteenBytes);
    const auto* block = reinterpret_cast<const SixteenBytes*>(text - misaligned);
    unsigned bits = where_is(*block, 0) >> misaligned;
    if (bits != 0) return static_cast<std::size_t>(__builtin_ctz(bits));
    do bits = where_is(*++block, 0);
    while (bits == 0);
    return static_cast<std::size_t>(reinterpret_cast<const char*>(block) - text + __builtin_ctz(bits));
}

}  // namespace holm::memory
