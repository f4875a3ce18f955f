#include "base/checksum.h"

#include <cstring>

namespace holm {

namespace {

// Headers: below this size the vectors' preparations would cost more than the sum.
constexpr std::size_t kShort = 64;

template <typename T>
T load(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// Up to three bytes, the last of which is padded by zero, as the RFC pads an odd byte.
std::uint64_t sum_tail(const std::byte* data, std::size_t size) {
    std::uint64_t sum = 0;
    if ((size & 2) != 0) sum += load<std::uint16_t>(data);
    if ((size & 1) != 0) sum += std::to_integer<std::uint64_t>(data[size & 2]);
    return sum;
}

// The sum of 32-bit words in memory order, not yet folded. The second loop has no carry chain, so the
// compiler vectorises it.
std::uint64_t sum_words(const std::byte* data, std::size_t size) {
    std::uint64_t sum = 0;
    std::size_t at = 0;
    if (size <= kShort) {
#pragma clang loop vectorize(disable) unroll(disable)
        for (; at + 4 <= size; at += 4) sum += load<std::uint32_t>(data + at);
        return sum + sum_tail(data + at, size - at);
    }
    for (; at + 4 <= size; at += 4) sum += load<std::uint32_t>(data + at);
    return sum + sum_tail(data + at, size - at);
}

std::uint16_t fold(std::uint64_t sum) {
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return std::uint16_t(sum);
}

}  // namespace

InternetChecksum& InternetChecksum::add(Bytes bytes) {
    if (bytes.empty()) return *this;
    const std::uint64_t sum = sum_words(bytes.data(), bytes.size());
    if (odd_)
        sum_ += __builtin_bswap16(fold(sum));
    else
        sum_ += sum;
    odd_ ^= (bytes.size() & 1) != 0;
    return *this;
}

}  // namespace holm
