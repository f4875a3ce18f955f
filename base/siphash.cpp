#include "base/siphash.h"

#include <bit>
#include <cstring>

namespace holm {

namespace {

struct State {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }
    void compress(std::uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

}  // namespace

std::uint64_t siphash(const SipHashKey& key, Bytes message) {
    State state{key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d, key.low ^ 0x6c7967656e657261,
                key.high ^ 0x7465646279746573};
    const std::size_t whole = message.size() & ~std::size_t{7};
    for (std::size_t at = 0; at < whole; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, message.data() + at, 8);
        state.compress(word);
    }
    std::uint64_t last = std::uint64_t{message.size()} << 56;
    // Up to seven bytes are left: three questions are quicker than seven rounds.
    std::size_t at = whole;
    unsigned shift = 0;
    const auto take = [&]<typename T>(T part) {
        std::memcpy(&part, message.data() + at, sizeof part);
        last |= std::uint64_t{part} << shift;
        at += sizeof part;
        shift += 8 * sizeof part;
    };
    if ((message.size() & 4) != 0) take(std::uint32_t{});
    if ((message.size() & 2) != 0) take(std::uint16_t{});
    if ((message.size() & 1) != 0) take(std::uint8_t{});
    state.compress(last);
    state.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::uint64_t KeyedRandom::next() {
    const std::uint64_t counter = counter_++;
    return siphash(key_, std::as_bytes(std::span(&counter, 1)));
}

std::uint64_t KeyedRandom::below(std::uint64_t bound) {
    return std::uint64_t((static_cast<unsigned __int128>(next()) * bound) >> 64);
}

}  // namespace holm
