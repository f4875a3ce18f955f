#include "pattern.h"

#include <cstring>

#include "base/siphash.h"

namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

std::uint64_t word_at(holm::Bytes block, std::size_t index) {
    std::uint64_t word;
    std::memcpy(&word, block.data() + index * kWord, kWord);
    return word;
}

std::uint64_t checksum(holm::Bytes block, std::uint64_t seed) {
    return holm::siphash({.low = seed, .high = block.size()}, block.first(block.size() - kWord));
}

}  // namespace

void write_pattern(holm::MutableBytes block, std::uint64_t offset, std::uint64_t seed) {
    std::uint64_t word = offset;
    const std::size_t words = block.size() / kWord;
    for (std::size_t i = 0; i + 1 < words; ++i) {
        std::memcpy(block.data() + i * kWord, &word, kWord);
        // The multiplier of Knuth's MMIX generator.
        word = (word ^ seed) * 6364136223846793005u + 1442695040888963407u;
    }
    const std::uint64_t sum = checksum(block, seed);
    std::memcpy(block.data() + (words - 1) * kWord, &sum, kWord);
}

const char* check_pattern(holm::Bytes block, std::uint64_t offset, std::uint64_t seed) {
    if (word_at(block, block.size() / kWord - 1) != checksum(block, seed)) return "has a wrong checksum";
    if (word_at(block, 0) != offset) return "is a block of another place";
    return nullptr;
}
