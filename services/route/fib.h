#pragma once

// The forwarding table of one family: which way for an address, by the longest prefix that matches. A trie of
// six bits a step whose nodes keep bit maps instead of pointers (Asai and Ohara, "Poptrie", SIGCOMM 2015),
// behind one array for the first bits of the address. Made by FibBuilder, read where it lies: a file of the
// image, mapped read-only.
//
// Every index is checked against its array when it is followed, and the steps are bounded by the address's
// length, so that no table, however it came about, leads outside of itself.

#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "net/address.h"

namespace holm::route {

// An address as its bits, the first one highest. IPv4 fills the upper half of `high`.
struct FibKey {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    static FibKey v4(std::uint32_t address) { return {std::uint64_t{address} << 32, 0}; }
    static FibKey of(const net::IpAddress& address) {
        if (address.is_v4()) return v4(address.to_v4());
        FibKey key;
        std::memcpy(&key.high, address.bytes().data(), 8);
        std::memcpy(&key.low, address.bytes().data() + 8, 8);
        key.high = __builtin_bswap64(key.high);
        key.low = __builtin_bswap64(key.low);
        return key;
    }
    // `count` bits from bit `from` on; bits behind the end are zero. Preconditions: 1 <= count <= 32,
    // from < 128.
    std::uint32_t bits(unsigned from, unsigned count) const {
        std::uint64_t window = low << (from & 63);
        if (from < 64) window = from == 0 ? high : high << from | low >> (64 - from);
        return std::uint32_t(window >> (64 - count));
    }
    friend constexpr auto operator<=>(const FibKey&, const FibKey&) = default;
};

// What a table says about an address.
struct FibResult {
    static constexpr std::uint32_t kNone = (1u << 24) - 1;

    std::uint32_t value = kNone;  // the index of a way, below kNone
    std::uint8_t length = 0;      // of the prefix that matched

    bool found() const { return value != kNone; }
};

struct FibNode {
    std::uint64_t children = 0;  // bit i: values beginning with i go on in a child
    std::uint64_t runs = 0;      // bit i: a run of equal leaves begins at i
    std::uint32_t first_leaf = 0;
    std::uint32_t first_child = 0;
};
static_assert(sizeof(FibNode) == 24);

class Fib {
  public:
    static constexpr unsigned kStep = 6;

    Fib() = default;
    // `direct`: 2^direct_bits words; `leaves`: words; `nodes`: FibNode. A word of `direct` with its highest
    // bit set is a node's index, else it is a leaf: value and length. Sizes that do not fit make a table that
    // finds nothing.
    Fib(unsigned width, unsigned direct_bits, Bytes direct, Bytes nodes, Bytes leaves)
        : direct_(direct.data()),
          nodes_(nodes.data()),
          leaves_(leaves.data()),
          node_count_(std::uint32_t(nodes.size() / sizeof(FibNode))),
          leaf_count_(std::uint32_t(leaves.size() / 4)),
          width_(width),
          direct_bits_(direct_bits) {
        if (direct_bits == 0 || direct_bits > 24 || direct.size() != std::size_t{4} << direct_bits)
            direct_bits_ = 0;
    }

    FibResult find(const FibKey& key) const {
        if (direct_bits_ == 0) return {};
        std::uint32_t word = load<std::uint32_t>(direct_, key.bits(0, direct_bits_));
        unsigned at = direct_bits_;
        std::uint32_t index = word & ~kNode;
        if ((word & kNode) == 0) return unpack(word);
        while (at < width_ && index < node_count_) {
            const FibNode node = load<FibNode>(nodes_, index);
            const unsigned slot = key.bits(at, kStep);
            const std::uint64_t up_to = ~std::uint64_t{0} >> (63 - slot);
            if ((node.children >> slot & 1) == 0) {
                const std::uint32_t leaf =
                    node.first_leaf + std::uint32_t(__builtin_popcountll(node.runs & up_to)) - 1;
                return leaf < leaf_count_ ? unpack(load<std::uint32_t>(leaves_, leaf)) : FibResult{};
            }
            index = node.first_child + std::uint32_t(__builtin_popcountll(node.children & up_to)) - 1;
            at += kStep;
        }
        return {};
    }

    static constexpr std::uint32_t kNode = 1u << 31;
    // A leaf: seven bits of length (128 does not fit and stands as 127: nothing is longer but itself), 24 of
    // value.
    static std::uint32_t pack(const FibResult& result) {
        return std::uint32_t{result.length < 127 ? result.length : std::uint8_t{127}} << 24 | result.value;
    }
    static FibResult unpack(std::uint32_t word) {
        return {word & FibResult::kNone, std::uint8_t(word >> 24 & 127)};
    }

  private:
    template <typename T>
    static T load(const std::byte* from, std::size_t index) {
        T value;
        std::memcpy(&value, from + index * sizeof(T), sizeof(T));
        return value;
    }

    const std::byte* direct_ = nullptr;
    const std::byte* nodes_ = nullptr;
    const std::byte* leaves_ = nullptr;
    std::uint32_t node_count_ = 0;
    std::uint32_t leaf_count_ = 0;
    unsigned width_ = 0;
    unsigned direct_bits_ = 0;
};

}  // namespace holm::route
