#include <map>
#include <random>

#include <doctest/doctest.h>

#include "services/route/fib_builder.h"

using namespace holm;
using namespace holm::route;

namespace {

// The rule itself: of all prefixes that match, the longest; of equal ones, the last.
class Oracle {
  public:
    explicit Oracle(const std::vector<Prefix>& prefixes) {
        for (const Prefix& prefix : prefixes) by_length_[prefix.length][prefix.key] = prefix.value;
    }
    FibResult find(const FibKey& key) const {
        for (auto length = by_length_.rbegin(); length != by_length_.rend(); ++length) {
            const auto found = length->second.find(masked(key, length->first));
            if (found != length->second.end()) return {found->second, length->first};
        }
        return {};
    }

  private:
    std::map<std::uint8_t, std::map<FibKey, std::uint32_t>> by_length_;
};

FibKey random_key(std::mt19937_64& random, unsigned width) {
    if (width == 32) return FibKey::v4(std::uint32_t(random()));
    return {random(), random()};
}

// Prefixes that nest and touch: made from few roots.
std::vector<Prefix> random_prefixes(std::mt19937_64& random, unsigned width, std::size_t count) {
    std::vector<FibKey> roots;
    for (int i = 0; i < 5; ++i) roots.push_back(random_key(random, width));
    std::vector<Prefix> prefixes;
    while (prefixes.size() < count) {
        FibKey key = random() % 4 == 0 ? random_key(random, width) : roots[random() % roots.size()];
        if (random() % 2 == 0) {
            const unsigned bit = unsigned(random() % width);
            (bit < 64 ? key.high : key.low) ^= std::uint64_t{1} << (63 - bit % 64);
        }
        const auto length = std::uint8_t(random() % (width + 1));
        prefixes.push_back({masked(key, length), length, std::uint32_t(random() % 1000)});
    }
    return prefixes;
}

void compare(std::mt19937_64& random, unsigned width, std::size_t count) {
    const std::vector<Prefix> prefixes = random_prefixes(random, width, count);
    const Oracle oracle(prefixes);
    const FibArrays arrays = build_fib(width, prefixes);
    const Fib fib = arrays.view();
    const auto check = [&](const FibKey& key) {
        const FibResult expected = oracle.find(key);
        const FibResult found = fib.find(key);
        REQUIRE(found.value == expected.value);
        if (expected.found()) REQUIRE(found.length == std::min<unsigned>(expected.length, 127));
    };
    for (int i = 0; i < 200; ++i) check(random_key(random, width));
    for (const Prefix& prefix : prefixes) {
        // The prefix itself, its last address, and the ones beside it.
        FibKey last = prefix.key;
        const FibKey ones{~std::uint64_t{0}, width == 32 ? 0 : ~std::uint64_t{0}};
        const FibKey kept = masked(ones, prefix.length);
        last.high |= (width == 32 ? 0xffff'ffff'0000'0000 : ~std::uint64_t{0}) & ~kept.high;
        last.low |= ones.low & ~kept.low;
        check(prefix.key);
        check(last);
        FibKey beside = last;
        if (width == 32) {
            beside.high += std::uint64_t{1} << 32;
        } else if (++beside.low == 0) {
            ++beside.high;
        }
        check(beside);
    }
}

}  // namespace

TEST_CASE("a table finds what the rule says, for random tables of each family") {
    std::mt19937_64 random(20261121);
    for (const std::size_t count : {0, 1, 2, 10, 100, 1000})
        for (int round = 0; round < (count < 1000 ? 10 : 1); ++round)
            for (const unsigned width : {32u, 128u}) {
                CAPTURE(count);
                CAPTURE(round);
                CAPTURE(width);
                compare(random, width, count);
            }
}

TEST_CASE("a large table of random prefixes agrees with the rule") {
    std::mt19937_64 random(7);
    std::vector<Prefix> prefixes;
    for (int i = 0; i < 30'000; ++i) {
        const auto length = std::uint8_t(8 + random() % 17);
        prefixes.push_back({masked(random_key(random, 32), length), length, std::uint32_t(random() % 4000)});
    }
    const Oracle oracle(prefixes);
    const FibArrays arrays = build_fib(32, prefixes);
    for (int i = 0; i < 20'000; ++i) {
        const FibKey key = random_key(random, 32);
        REQUIRE(arrays.view().find(key).value == oracle.find(key).value);
    }
}

TEST_CASE("a small table takes little memory") {
    std::vector<Prefix> prefixes;
    for (std::uint32_t i = 0; i < 10; ++i) prefixes.push_back({FibKey::v4(0x0a000000 | i << 8), 24, i});
    CHECK(build_fib(32, prefixes).bytes() < 1024);
}

TEST_CASE("tables of any bytes lead nowhere outside of themselves") {
    std::mt19937_64 random(99);
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::byte> bytes(random() % 2000);
        for (std::byte& byte : bytes) byte = std::byte(random());
        const unsigned direct_bits = unsigned(random() % 10);
        const std::size_t direct = std::min(std::size_t{4} << direct_bits, bytes.size());
        const std::size_t nodes = random() % (bytes.size() - direct + 1);
        const Fib fib(round % 2 == 0 ? 32 : 128, direct_bits, Bytes(bytes).first(direct),
                      Bytes(bytes).subspan(direct, nodes), Bytes(bytes).subspan(direct + nodes));
        for (int i = 0; i < 20; ++i) {
            const FibResult result = fib.find(random_key(random, 128));
            CHECK(result.value <= FibResult::kNone);
        }
    }
}
