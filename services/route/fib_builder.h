#pragma once

// Makes the arrays of a Fib from prefixes. At build time, on the host; in tests; never on a packet's way.

#include <cstdint>
#include <vector>

#include "services/route/fib.h"

namespace holm::route {

struct Prefix {
    FibKey key;  // bits behind `length` are zero
    std::uint8_t length = 0;
    std::uint32_t value = 0;  // below FibResult::kNone
};

// The bits of a key that a prefix of this length keeps.
FibKey masked(const FibKey& key, unsigned length);

struct FibArrays {
    unsigned width = 0;
    unsigned direct_bits = 0;
    std::vector<std::uint32_t> direct;
    std::vector<FibNode> nodes;
    std::vector<std::uint32_t> leaves;

    Fib view() const {
        return {width, direct_bits, std::as_bytes(std::span(direct)), std::as_bytes(std::span(nodes)),
                std::as_bytes(std::span(leaves))};
    }
    std::size_t bytes() const {
        return direct.size() * 4 + nodes.size() * sizeof(FibNode) + leaves.size() * 4;
    }
};

// `width`: 32 or 128. Of two equal prefixes the later one counts. A small table gets a small first array:
// ten prefixes make about a kilobyte, a million some megabytes.
FibArrays build_fib(unsigned width, std::vector<Prefix> prefixes);

}  // namespace holm::route
