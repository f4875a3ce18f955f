#include "base/sha1.h"

#include <bit>
#include <cstring>

#include "base/message_blocks.h"
#include "base/network_order.h"

namespace holm {
namespace {

void compress(std::array<std::uint32_t, 5>& state, const std::byte* block) {
    std::array<NetU32, 16> words;
    std::memcpy(words.data(), block, kMessageBlock);
    std::array<std::uint32_t, 80> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = words[i];
    for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = state;
    const auto round = [&](std::uint32_t f, std::uint32_t constant, std::uint32_t word) {
        const std::uint32_t next = std::rotl(a, 5) + f + e + constant + word;
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    };
    for (std::size_t i = 0; i < 20; ++i) round((b & c) | (~b & d), 0x5a827999, w[i]);
    for (std::size_t i = 20; i < 40; ++i) round(b ^ c ^ d, 0x6ed9eba1, w[i]);
    for (std::size_t i = 40; i < 60; ++i) round((b & c) | (b & d) | (c & d), 0x8f1bbcdc, w[i]);
    for (std::size_t i = 60; i < 80; ++i) round(b ^ c ^ d, 0xca62c1d6, w[i]);
    const std::array<std::uint32_t, 5> mixed = {a, b, c, d, e};
    for (std::size_t i = 0; i < 5; ++i) state[i] += mixed[i];
}

}  // namespace

Sha1Digest sha1(Bytes message) {
    std::array<std::uint32_t, 5> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const auto mix = [&](const std::byte* block) { compress(state, block); };
    last_blocks(whole_blocks(message, mix), message.size(), mix);
    return digest_of(state);
}

}  // namespace holm
