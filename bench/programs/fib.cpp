// bench-fib: a forwarding table of the size of the Internet's, and a small one. A line for each: family,
// prefixes, bytes, nanoseconds of CPU for a lookup of a random address that the table covers, some times.

#include <cstdio>
#include <ctime>
#include <random>
#include <vector>

#include "services/route/fib_builder.h"

namespace {

using namespace holm::route;

double cpu_nanoseconds() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e9 + double(time.tv_nsec);
}

// Lengths as in the Internet's tables: mostly /24 (/48), some shorter ones around /20 (/32).
std::uint8_t random_length(std::mt19937_64& random, unsigned width) {
    const unsigned roll = unsigned(random() % 100);
    if (width == 32) return std::uint8_t(roll < 60 ? 24 : roll < 85 ? 20 + random() % 4 : 12 + random() % 8);
    return std::uint8_t(roll < 50 ? 48 : roll < 80 ? 33 + random() % 15 : 24 + random() % 9);
}

void measure(unsigned width, std::size_t count) {
    std::mt19937_64 random(1);
    std::vector<Prefix> prefixes;
    while (prefixes.size() < count) {
        // What is given out: 1.0.0.0 to 223.255.255.255, and 2000::/3.
        const FibKey key = width == 32 ? FibKey::v4(std::uint32_t(0x01000000 + random() % 0xdf000000))
                                       : FibKey{0x2000'0000'0000'0000 | random() >> 3, random()};
        const std::uint8_t length = random_length(random, width);
        prefixes.push_back({masked(key, length), length, std::uint32_t(random() % 1000)});
    }
    std::vector<FibKey> keys;
    for (int i = 0; i < 1 << 20; ++i) {
        const Prefix& prefix = prefixes[random() % prefixes.size()];
        FibKey key = prefix.key;
        key.high |= random() & ~masked({~0ull, ~0ull}, prefix.length).high;
        if (width == 32) key.high &= 0xffff'ffff'0000'0000;
        keys.push_back(key);
    }
    const FibArrays arrays = build_fib(width, std::move(prefixes));
    const Fib fib = arrays.view();
    std::printf("IPv%c %zu %zu", width == 32 ? '4' : '6', count, arrays.bytes());
    std::uint64_t found = 0;
    for (int round = 0; round < 5; ++round) {
        const double start = cpu_nanoseconds();
        for (const FibKey& key : keys) found += fib.find(key).value;
        std::printf(" %.2f", (cpu_nanoseconds() - start) / double(keys.size()));
    }
    std::printf("\n");
    if (found == 0) std::fprintf(stderr, "nothing was found\n");
}

}  // namespace

int main() {
    measure(32, 1'000'000);
    measure(128, 200'000);
    measure(32, 10);
    measure(128, 10);
}
