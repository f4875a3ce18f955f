#include "services/route/fib_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

namespace holm::route {

namespace {

constexpr unsigned kSlots = 1u << Fib::kStep;

class Builder {
  public:
    explicit Builder(FibArrays& made) : made_(made) {}

    // `inside`: the prefixes longer than direct_bits below each first word; shorter ones fill words.
    void build(std::span<const Prefix> prefixes) {
        const unsigned bits = made_.direct_bits;
        std::vector<FibResult> inherited(std::size_t{1} << bits);
        for (const Prefix& prefix : prefixes) {
            if (prefix.length > bits) continue;
            const std::size_t first = prefix.key.bits(0, bits);
            const std::size_t count = std::size_t{1} << (bits - prefix.length);
            std::fill_n(inherited.begin() + std::ptrdiff_t(first), count, result(prefix));
        }
        made_.direct.resize(inherited.size());
        std::size_t at = 0;
        for (std::size_t word = 0; word < inherited.size(); ++word) {
            const std::size_t begin = at;
            while (at < prefixes.size() && prefixes[at].key.bits(0, bits) == word) ++at;
            const std::span<const Prefix> inside = longer(prefixes.subspan(begin, at - begin), bits);
            if (inside.empty()) {
                made_.direct[word] = Fib::pack(inherited[word]);
                continue;
            }
            const std::size_t node = made_.nodes.size();
            made_.nodes.emplace_back();
            made_.direct[word] = std::uint32_t(node) | Fib::kNode;
            fill(node, inside, bits, inherited[word]);
        }
    }

  private:
    static FibResult result(const Prefix& prefix) { return {prefix.value, prefix.length}; }

    // Those of a sorted run that are longer than `length`: all but the first ones.
    static std::span<const Prefix> longer(std::span<const Prefix> run, unsigned length) {
        const auto first =
            std::ranges::find_if(run, [&](const Prefix& prefix) { return prefix.length > length; });
        return run.subspan(std::size_t(first - run.begin()));
    }

    // `prefixes`: those below this node, all longer than `depth`, in order.
    void fill(std::size_t index, std::span<const Prefix> prefixes, unsigned depth, FibResult inherited) {
        std::array<FibResult, kSlots> slots;
        slots.fill(inherited);
        std::array<std::span<const Prefix>, kSlots> below;
        const unsigned end = depth + Fib::kStep;
        for (std::size_t at = 0; at < prefixes.size();) {
            const unsigned slot = prefixes[at].key.bits(depth, Fib::kStep);
            if (prefixes[at].length <= end) {
                std::fill_n(slots.begin() + slot, 1u << (end - prefixes[at].length), result(prefixes[at]));
                ++at;
                continue;
            }
            const std::size_t begin = at;
            while (at < prefixes.size() && prefixes[at].key.bits(depth, Fib::kStep) == slot) ++at;
            below[slot] = prefixes.subspan(begin, at - begin);
        }

        FibNode node;
        node.first_leaf = std::uint32_t(made_.leaves.size());
        node.first_child = std::uint32_t(made_.nodes.size());
        bool has_leaf = false;
        for (unsigned slot = 0; slot < kSlots; ++slot) {
            if (!below[slot].empty()) {
                node.children |= std::uint64_t{1} << slot;
                continue;
            }
            const std::uint32_t leaf = Fib::pack(slots[slot]);
            if (has_leaf && made_.leaves.back() == leaf) continue;
            has_leaf = true;
            node.runs |= std::uint64_t{1} << slot;
            made_.leaves.push_back(leaf);
        }
        made_.nodes[index] = node;
        made_.nodes.resize(made_.nodes.size() + std::size_t(std::popcount(node.children)));
        std::size_t child = node.first_child;
        for (unsigned slot = 0; slot < kSlots; ++slot)
            if (!below[slot].empty()) fill(child++, below[slot], end, slots[slot]);
    }

    FibArrays& made_;
};

// About as many first words as there are prefixes, in bounds: a step fewer for large tables, little memory
// for small ones.
unsigned direct_bits_for(unsigned width, std::size_t prefixes) {
    const unsigned most = width == 32 ? 18 : 20;
    return std::clamp(unsigned(std::bit_width(prefixes)), Fib::kStep, most);
}

}  // namespace

FibKey masked(const FibKey& key, unsigned length) {
    FibKey kept;
    if (length > 0) kept.high = key.high & ~std::uint64_t{0} << (length < 64 ? 64 - length : 0);
    if (length > 64) kept.low = key.low & ~std::uint64_t{0} << (128 - length);
    return kept;
}

FibArrays build_fib(unsigned width, std::vector<Prefix> prefixes) {
    std::ranges::stable_sort(prefixes, [](const Prefix& a, const Prefix& b) {
        return a.key != b.key ? a.key < b.key : a.length < b.length;
    });
    // Of equal ones the last: it stands last after a stable sort.
    std::vector<Prefix> kept;
    kept.reserve(prefixes.size());
    for (const Prefix& prefix : prefixes) {
        if (!kept.empty() && kept.back().key == prefix.key && kept.back().length == prefix.length)
            kept.back() = prefix;
        else
            kept.push_back(prefix);
    }
    FibArrays made;
    made.width = width;
    made.direct_bits = direct_bits_for(width, kept.size());
    Builder(made).build(kept);
    return made;
}

}  // namespace holm::route
