#include "base/siphash.h"

#include <array>

#include <doctest/doctest.h>

using namespace holm;

namespace {

// The key 00 01 .. 0f and messages 00 01 .. of the reference implementation (vectors_sip64).
constexpr SipHashKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::uint64_t hash_of_length(std::size_t length) {
    std::array<std::byte, 64> message;
    for (std::size_t i = 0; i < message.size(); ++i) message[i] = std::byte(i);
    return siphash(kKey, Bytes(message).first(length));
}

}  // namespace

TEST_CASE("the reference implementation's vectors") {
    CHECK(hash_of_length(0) == 0x726fdb47dd0e0e31);
    CHECK(hash_of_length(1) == 0x74f839c593dc67fd);
    CHECK(hash_of_length(2) == 0x0d6c8009d9a94f5a);
    CHECK(hash_of_length(3) == 0x85676696d7fb7e2d);
    CHECK(hash_of_length(4) == 0xcf2794e0277187b7);
    CHECK(hash_of_length(5) == 0x18765564cd99a68d);
    CHECK(hash_of_length(6) == 0xcbc9466e58fee3ce);
    CHECK(hash_of_length(7) == 0xab0200f58b01d137);
    CHECK(hash_of_length(8) == 0x93f5f5799a932462);
    CHECK(hash_of_length(15) == 0xa129ca6149be45e5);
}

TEST_CASE("keyed random numbers repeat for a key and stay below their bound") {
    KeyedRandom a(kKey), b(kKey), c(SipHashKey{1, 2});
    const std::uint64_t first = a.next();
    CHECK(first == b.next());
    CHECK(first != c.next());
    CHECK(first != a.next());
    bool seen[7] = {};
    for (int i = 0; i < 200; ++i) {
        const std::uint64_t n = a.below(7);
        REQUIRE(n < 7);
        seen[n] = true;
    }
    for (bool value : seen) CHECK(value);
}
