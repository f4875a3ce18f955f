#pragma once

// The ChaCha20 block function (RFC 8439, section 2.3).

#include <array>
#include <cstdint>

namespace holm {

struct ChaCha20Input {
    std::array<std::uint32_t, 8> key;    // little-endian words
    std::uint32_t counter;               // of blocks
    std::array<std::uint32_t, 3> nonce;  // little-endian words
};

// 64 bytes of key stream, as little-endian words.
std::array<std::uint32_t, 16> chacha20_block(const ChaCha20Input& input);

}  // namespace holm
