#include "pattern.h"

#include <cstring>

namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

std::uint64_t word_at(std::span<const std::byte> block, std::size_t index) {
    std::uint64_t word;
    std::memcpy(&word, block.data() + index * kWord, kWord);
    return word;
}

std::uint64_t checksum(std::span<const std::byte> block, std::uint64_t seed) {
    std::uint64_t sum = seed;
    for (std::size_t i = 0; i + 1 < block.size() / kWord; ++i) {
        sum ^= word_at(block, i);
        sum = next_random(sum);
    }
    return sum;
}

}  // namespace

void write_pattern(std::span<std::byte> block, std::uint64_t offset, std::uint64_t seed) {
    std::uint64_t word = offset;
    std::uint64_t state = offset ^ seed;
    const std::size_t words = block.size() / kWord;
    for (std::size_t i = 0; i + 1 < words; ++i) {
        std::memcpy(block.data() + i * kWord, &word, kWord);
        word = next_random(state);
    }
    const std::uint64_t sum = checksum(block, seed);
    std::memcpy(block.data() + (words - 1) * kWord, &sum, kWord);
}

const char* check_pattern(std::span<const std::byte> block, std::uint64_t offset, std::uint64_t seed) {
    if (word_at(block, block.size() / kWord - 1) != checksum(block, seed)) return "has a wrong checksum";
    if (word_at(block, 0) != offset) return "is a block of another place";
    return nullptr;
}
