#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "kernel/entropy/hardware.h"
#include "kernel/entropy/random_generator.h"

namespace holm::test {
namespace {

using Seed = std::array<std::uint8_t, RandomGenerator::kSeedSize>;

std::vector<std::byte> bytes_of(const Seed& seed, const std::array<std::uint64_t, 4>& extra,
                                std::size_t count, std::size_t step) {
    RandomGenerator generator(seed, extra);
    std::vector<std::byte> bytes(count);
    for (std::size_t at = 0; at < count; at += step) {
        generator.fill(MutableBytes(bytes).subspan(at, std::min(step, count - at)));
    }
    return bytes;
}

TEST_CASE("the stream depends on every part of the seed and not on how it is asked for") {
    Seed seed{};
    seed[0] = 1;
    const auto reference = bytes_of(seed, {}, 1000, 1000);
    CHECK(bytes_of(seed, {}, 1000, 7) == reference);
    for (const std::size_t changed : {std::size_t{0}, std::size_t{31}, std::size_t{32}, std::size_t{63}}) {
        Seed other = seed;
        other[changed] ^= 0x80;
        CHECK(bytes_of(other, {}, 1000, 1000) != reference);
    }
    CHECK(bytes_of(seed, {0, 0, 0, 1}, 1000, 1000) != reference);
}

TEST_CASE("no stretch of the stream repeats, and its bits are balanced") {
    Seed seed{};
    seed[5] = 9;
    const auto bytes = bytes_of(seed, {}, 64 * 1024, 4096);
    std::vector<std::uint64_t> words(bytes.size() / 8);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    std::int64_t ones = 0;
    for (const std::uint64_t word : words) ones += std::popcount(word);
    CHECK(std::abs(ones - static_cast<std::int64_t>(bytes.size() * 4)) < 2000);
    std::ranges::sort(words);
    CHECK(std::ranges::adjacent_find(words) == words.end());
}

TEST_CASE("the processor's numbers differ from call to call where it has any") {
    const auto first = hardware_random();
    const bool has_none = first == std::array<std::uint64_t, 4>{};
    CHECK((has_none || first != hardware_random()));
}

}  // namespace
}  // namespace holm::test
