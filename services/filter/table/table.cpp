#include "services/filter/table/table.h"

#include <algorithm>
#include <cstring>

namespace holm::filter {

namespace {

template <typename T>
T load(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

// The last of the starts between the two positions that is not above `key`.
template <typename Key>
std::uint32_t stretch_of(const std::byte* starts, std::uint32_t low, std::uint32_t high, Key key) {
    while (low < high) {
        const std::uint32_t middle = low + (high - low + 1) / 2;
        if (load<Key>(starts + std::size_t{middle} * sizeof(Key)) <= key)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

template <typename Key>
std::uint32_t find_sorted(const Set& set, const std::byte* data, Key key, std::uint64_t coarse) {
    const std::byte* starts = data + set.data;
    const std::byte* values = starts + std::size_t{set.count} * sizeof(Key);
    const std::byte* index = values + std::size_t{set.count} * 4;
    std::uint32_t low = 0, high = set.count - 1;
    if (coarse < set.base) {
        high = load<std::uint32_t>(index);
    } else if (const std::uint64_t place = (coarse - set.base) >> set.shift;
               place < (std::uint64_t{1} << set.index_bits)) {
        low = load<std::uint32_t>(index + place * 4);
        high = load<std::uint32_t>(index + (place + 1) * 4);
    } else {
        low = load<std::uint32_t>(index + (std::size_t{1} << set.index_bits) * 4);
    }
    return load<std::uint32_t>(values + std::size_t{stretch_of<Key>(starts, low, high, key)} * 4);
}

}  // namespace

std::uint64_t hash_key(const std::uint8_t* key, std::size_t size) {
    std::uint64_t hash = 0x9e3779b97f4a7c15 ^ size;
    for (std::size_t i = 0; i < size; i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, key + i, std::min<std::size_t>(8, size - i));
        hash = (hash ^ word) * 0xff51afd7ed558ccd;
        hash ^= hash >> 32;
    }
    return hash;
}

std::uint32_t Table::find64(const Set& set, std::uint64_t key) const {
    return find_sorted<std::uint64_t>(set, data_.data(), key, key);
}

std::uint32_t Table::find128(const Set& set, unsigned __int128 key) const {
    return find_sorted<unsigned __int128>(set, data_.data(), key, std::uint64_t(key >> 64));
}

std::uint32_t Table::find_bytes(const Set& set, const std::uint8_t* key) const {
    const std::byte* data = data_.data() + set.data;
    if (set.kind == SetKind::kList) {
        for (std::uint32_t i = 0; i < set.count; ++i, data += 2 * set.key_size + 4) {
            // Each part of the key has its own range.
            std::size_t at = 0;
            bool inside = true;
            for (std::size_t field = 0; field < set.fields && inside; ++field) {
                const std::size_t size = field_size(set.key[field]);
                inside = std::memcmp(key + at, data + at, size) >= 0 &&
                         std::memcmp(key + at, data + set.key_size + at, size) <= 0;
                at += size;
            }
            if (inside) return load<std::uint32_t>(data + 2 * set.key_size);
        }
        return kMiss;
    }
    const std::uint32_t mask = (1U << set.index_bits) - 1;
    const std::byte* elements = data + (std::size_t{mask} + 1) * 4;
    const std::size_t stride = std::size_t{set.key_size} + 4;
    for (auto place = std::uint32_t(hash_key(key, set.key_size)) & mask;; place = (place + 1) & mask) {
        const auto element = load<std::uint32_t>(data + std::size_t{place} * 4);
        if (element == 0) return kMiss;
        const std::byte* at = elements + (element - 1) * stride;
        if (std::memcmp(at, key, set.key_size) == 0) return load<std::uint32_t>(at + set.key_size);
    }
}

std::string_view Table::string(std::uint32_t offset) const {
    return std::string_view(strings_.data() + offset);
}

template <typename T>
bool Table::take(Bytes memory, const Part& part, std::span<const T>& into) const {
    if (part.offset % 16 != 0 || part.offset > memory.size()) return false;
    if (part.count > (memory.size() - part.offset) / sizeof(T)) return false;
    into = std::span(reinterpret_cast<const T*>(memory.data() + part.offset), part.count);
    return true;
}

std::expected<Table, std::string_view> Table::open(Bytes memory) {
    if (memory.size() < sizeof(TableHeader)) return std::unexpected("shorter than its header");
    if (reinterpret_cast<std::uintptr_t>(memory.data()) % 16 != 0)
        return std::unexpected("not aligned to 16 bytes");
    Table table;
    std::memcpy(&table.header_, memory.data(), sizeof(TableHeader));
    const TableHeader& header = table.header_;
    if (header.magic != kMagic) return std::unexpected("not a rule set of this version of holm-rules");
    if (header.size != memory.size() || header.size > kMaximumTable)
        return std::unexpected("its size is not the one it states");
    if (!table.take(memory, header.operations, table.operations_) ||
        !table.take(memory, header.chains, table.chains_) || !table.take(memory, header.sets, table.sets_) ||
        !table.take(memory, header.data, table.data_) ||
        !table.take(memory, header.constants, table.constants_) ||
        !table.take(memory, header.counters, table.counters_) ||
        !table.take(memory, header.limits, table.limits_) || !table.take(memory, header.logs, table.logs_) ||
        !table.take(memory, header.rejections, table.rejections_) ||
        !table.take(memory, header.translations, table.translations_) ||
        !table.take(memory, header.interfaces, table.interfaces_) ||
        !table.take(memory, header.strings, table.strings_))
        return std::unexpected("a part of it lies outside of it");
    if (const std::string_view problem = table.check(); !problem.empty()) return std::unexpected(problem);
    return table;
}

}  // namespace holm::filter
