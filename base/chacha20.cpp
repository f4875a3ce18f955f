#include "base/chacha20.h"

#include <bit>
#include <cstddef>

namespace holm {
namespace {

using State = std::array<std::uint32_t, 16>;

void quarter_round(State& s, std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    s[a] += s[b];
    s[d] = std::rotl(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = std::rotl(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = std::rotl(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = std::rotl(s[b] ^ s[c], 7);
}

}  // namespace

std::array<std::uint32_t, 16> chacha20_block(const ChaCha20Input& input) {
    State initial{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};  // "expand 32-byte k"
    for (std::size_t i = 0; i < 8; ++i) initial[4 + i] = input.key[i];
    initial[12] = input.counter;
    for (std::size_t i = 0; i < 3; ++i) initial[13 + i] = input.nonce[i];

    State state = initial;
    for (int round = 0; round < 10; ++round) {
        for (std::size_t column = 0; column < 4; ++column) {
            quarter_round(state, column, column + 4, column + 8, column + 12);
        }
        for (std::size_t diagonal = 0; diagonal < 4; ++diagonal) {
            quarter_round(state, diagonal, (diagonal + 1) % 4 + 4, (diagonal + 2) % 4 + 8,
                          (diagonal + 3) % 4 + 12);
        }
    }
    for (std::size_t i = 0; i < 16; ++i) state[i] += initial[i];
    return state;
}

}  // namespace holm
