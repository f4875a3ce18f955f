#pragma once

// A message cut into blocks of 64 bytes, as SHA-1 and SHA-256 want it (FIPS 180-4, sections 5.1.1 and 5.2.1).

#include <array>
#include <cstddef>
#include <cstring>

#include "base/bytes.h"
#include "base/network_order.h"

namespace holm {

inline constexpr std::size_t kMessageBlock = 64;  // bytes

// Calls `compress` with the start of each whole block; what is left of the message.
template <typename Compress>
Bytes whole_blocks(Bytes message, Compress compress) {
    while (message.size() >= kMessageBlock) {
        compress(message.data());
        message = message.subspan(kMessageBlock);
    }
    return message;
}

// The same with the one or two blocks at the end: what is left, 0x80, zeros and the length of the whole
// message, in bits. `size` is that length in bytes.
template <typename Compress>
void last_blocks(Bytes left, std::uint64_t size, Compress compress) {
    const NetU64 bit_length(size * 8);
    std::array<std::byte, 2 * kMessageBlock> tail{};
    if (!left.empty()) std::memcpy(tail.data(), left.data(), left.size());
    tail[left.size()] = std::byte{0x80};
    const bool one = left.size() + 1 + sizeof bit_length <= kMessageBlock;
    const std::size_t tail_size = one ? kMessageBlock : 2 * kMessageBlock;
    std::memcpy(tail.data() + tail_size - sizeof bit_length, &bit_length, sizeof bit_length);
    whole_blocks(Bytes(tail).first(tail_size), compress);
}

// The digest: the words of the state, most significant byte first.
template <std::size_t kWords>
std::array<std::uint8_t, 4 * kWords> digest_of(const std::array<std::uint32_t, kWords>& state) {
    std::array<std::uint8_t, 4 * kWords> digest;
    for (std::size_t i = 0; i < kWords; ++i) {
        const NetU32 word(state[i]);
        std::memcpy(digest.data() + 4 * i, &word, sizeof word);
    }
    return digest;
}

}  // namespace holm
