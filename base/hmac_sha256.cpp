#include "base/hmac_sha256.h"

#include <algorithm>
#include <cstring>

namespace holm {

HmacSha256::HmacSha256(Bytes key) {
    std::array<std::byte, Sha256::kBlockSize> block{};
    if (key.size() > block.size()) {
        const Sha256Digest hashed = sha256(key);
        std::memcpy(block.data(), hashed.data(), hashed.size());
    } else {
        std::ranges::copy(key, block.begin());
    }
    for (std::byte& one : block) one ^= std::byte{0x36};
    inner_.add(block);
    for (std::byte& one : block) one ^= std::byte{0x36 ^ 0x5c};
    outer_.add(block);
}

Sha256Digest HmacSha256::finish() {
    const Sha256Digest inner = inner_.finish();
    outer_.add(std::as_bytes(std::span(inner)));
    return outer_.finish();
}

bool are_equal_in_constant_time(Bytes left, Bytes right) {
    if (left.size() != right.size()) return false;
    // Volatile: else a compiler may see that the rest cannot matter any more.
    volatile unsigned difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i)
        difference = difference | std::to_integer<unsigned>(left[i] ^ right[i]);
    return difference == 0;
}

}  // namespace holm
