#include "base/chacha20.h"

#include <doctest/doctest.h>

namespace holm {
namespace {

TEST_CASE("the block function gives RFC 8439's numbers") {
    // Section 2.3.2.
    ChaCha20Input input{.key = {}, .counter = 1, .nonce = {0x09000000, 0x4a000000, 0x00000000}};
    for (std::uint32_t i = 0; i < 8; ++i) input.key[i] = 0x03020100 + i * 0x04040404;
    CHECK(chacha20_block(input) == std::array<std::uint32_t, 16>{
                                       0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
                                       0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                       0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2});
    // Appendix A.1, test vectors 1 and 2.
    const auto zero = chacha20_block({});
    CHECK(zero[0] == 0xade0b876);
    CHECK(zero[15] == 0x8665eeb2);
    const auto second = chacha20_block({.key = {}, .counter = 1, .nonce = {}});
    CHECK(second[0] == 0xbee7079f);
    CHECK(second[15] == 0x6f4d794b);
}

}  // namespace
}  // namespace holm
