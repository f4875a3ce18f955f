// Sets of the compiled table: sorted stretches with an index, hashes, lists.

#include <algorithm>
#include <bit>
#include <cstring>

#include "services/filter/language/compiler.h"
#include "services/filter/language/parser.h"
#include "services/filter/table/table.h"

namespace holm::filter::language {

namespace {

constexpr unsigned kIndexBits = 18;  // at most 1 MiB of index

bool exact(const Range& range) {
    return range.low == range.high;
}

}  // namespace

void Compiler::put(const void* bytes, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(bytes);
    data_.insert(data_.end(), first, first + size);
}

void Compiler::put_key(const std::vector<Range>& key, const Set& set, bool high) {
    for (std::size_t i = 0; i < key.size(); ++i) {
        const unsigned size = field_size(set.key[i]);
        for (unsigned k = 0; k < size; ++k) {
            const auto octet = std::uint8_t((high ? key[i].high : key[i].low) >> (8 * (size - 1 - k)));
            put(&octet, 1);
        }
    }
}

std::uint32_t Compiler::use_set(const SetUse& use, const std::vector<KeyPart>& key, bool,
                                const Position& position) {
    std::vector<Entry> entries;
    const auto& elements = use.named ? table_->sets[*use.named].elements : use.elements;
    std::string name, shared;
    if (use.named) {
        name = table_->sets[*use.named].name;
        shared = std::to_string(unsigned(table_->family)) + table_->name + '\0' + name;
        for (const KeyPart& part : key) shared += '\0' + std::to_string(unsigned(part.field));
        if (const auto found = shared_sets_.find(shared); found != shared_sets_.end()) return found->second;
    }
    for (const Element& element : elements) entries.push_back({element.key, 1, element.position});
    const std::uint32_t set = write_set(key, std::move(entries), false, name, position);
    if (use.named) shared_sets_[shared] = set;
    return set;
}

std::uint32_t Compiler::write_set(const std::vector<KeyPart>& key, std::vector<Entry> entries, bool dispatch,
                                  const std::string& name, const Position& position) {
    Set set;
    set.fields = std::uint8_t(key.size());
    set.is_dispatch = dispatch;
    set.name = string(name);
    set.elements = std::uint32_t(entries.size());
    for (std::size_t i = 0; i < key.size(); ++i) {
        set.key[i] = key[i].field;
        set.key_size = std::uint8_t(set.key_size + field_size(key[i].field));
    }
    data_.resize((data_.size() + 15) / 16 * 16);
    set.data = std::uint32_t(data_.size());
    // A range in the last part of a key is a range of whole keys.
    const bool contiguous = std::ranges::all_of(entries, [](const Entry& entry) {
        return std::all_of(entry.key.begin(), entry.key.end() - 1, exact);
    });
    const bool all_exact = std::ranges::all_of(
        entries, [](const Entry& entry) { return std::ranges::all_of(entry.key, exact); });
    if (set.key_size <= 16 && contiguous) {
        set.kind = set.key_size <= 8 ? SetKind::kSorted64 : SetKind::kSorted128;
        write_sorted(set, entries, dispatch);
    } else if (all_exact) {
        set.kind = SetKind::kHash;
        write_hash(set, entries);
    } else {
        set.kind = SetKind::kList;
        if (entries.size() > kListElements)
            throw Problem{
                position,
                "a set with ranges in several parts of its key, or in one that is not the last, has "
                "at most " +
                    std::to_string(kListElements) + " elements"};
        write_list(set, entries);
    }
    if (data_.size() > kMaximumTable) throw Problem{position, "the compiled rules are larger than 256 MiB"};
    sets_.push_back(set);
    return std::uint32_t(sets_.size() - 1);
}

void Compiler::write_sorted(Set& set, const std::vector<Entry>& entries, bool) {
    struct Stretch {
        Number low, high;
        std::uint32_t value;
        const Entry* entry;
    };
    std::vector<Stretch> stretches;
    for (const Entry& entry : entries) {
        Stretch stretch{0, 0, entry.value, &entry};
        for (std::size_t i = 0; i < entry.key.size(); ++i) {
            const unsigned bits = field_size(set.key[i]) * 8U;
            stretch.low = (bits == 128 ? 0 : stretch.low << bits) | entry.key[i].low;
            stretch.high = (bits == 128 ? 0 : stretch.high << bits) | entry.key[i].high;
        }
        stretches.push_back(stretch);
    }
    std::ranges::stable_sort(stretches, {}, &Stretch::low);
    std::vector<std::pair<Number, std::uint32_t>> starts{{0, kMiss}};
    const auto begin = [&](Number at, std::uint32_t value) {
        if (starts.back().first == at)
            starts.back().second = value;
        else
            starts.emplace_back(at, value);
    };
    const Number most = ones(set.key_size * 8U);
    Number covered = 0;  // below this, something has been written
    bool full = false;
    std::uint32_t last = kMiss;
    for (const Stretch& stretch : stretches) {
        Number low = stretch.low;
        if (full || low < covered) {
            if (last != stretch.value)
                throw Problem{stretch.entry->position,
                              "this overlaps another element that maps to something else"};
            if (full || stretch.high < covered) continue;
            low = covered;
        }
        begin(low, stretch.value);
        last = stretch.value;
        full = stretch.high == most;
        covered = stretch.high + 1;
        if (!full) begin(covered, kMiss);
    }
    // Neighbours with the same value are one.
    const auto tail = std::ranges::unique(starts, {}, &std::pair<Number, std::uint32_t>::second);
    starts.erase(tail.begin(), tail.end());
    set.count = std::uint32_t(starts.size());
    const bool wide = set.kind == SetKind::kSorted128;
    const auto coarse = [&](Number key) { return wide ? std::uint64_t(key >> 64) : std::uint64_t(key); };
    for (const auto& [start, value] : starts) {
        const auto narrow = std::uint64_t(start);
        wide ? put(&start, 16) : put(&narrow, 8);
    }
    for (const auto& [start, value] : starts) put(&value, 4);
    set.base = starts.size() > 1 ? coarse(starts[1].first) : 0;
    const std::uint64_t span = coarse(starts.back().first) - (starts.size() > 1 ? set.base : 0);
    set.index_bits =
        std::uint8_t(std::min<unsigned>(kIndexBits, unsigned(std::bit_width(starts.size() - 1))));
    if (span >> 63U != 0 && set.index_bits == 0) set.index_bits = 1;
    const auto width = unsigned(std::bit_width(span));
    set.shift = std::uint8_t(width > set.index_bits ? width - set.index_bits : 0);
    for (std::uint64_t i = 0; i <= std::uint64_t{1} << set.index_bits; ++i) {
        const Number at = Number{set.base} + (Number{i} << set.shift);
        auto place = std::uint32_t(starts.size() - 1);
        if (at <= ~std::uint64_t{0}) {
            const Number key = wide ? at << 64 : at;
            const auto above =
                std::ranges::upper_bound(starts, key, {}, &std::pair<Number, std::uint32_t>::first);
            place = std::uint32_t(above - starts.begin() - 1);
        }
        put(&place, 4);
    }
}

void Compiler::write_hash(Set& set, const std::vector<Entry>& entries) {
    const std::size_t places = std::bit_ceil(entries.size() * 2 + 2);
    set.index_bits = std::uint8_t(std::countr_zero(places));
    std::vector<std::uint32_t> index(places, 0);
    const std::size_t index_at = data_.size();
    data_.resize(index_at + places * 4);
    std::map<std::vector<std::uint8_t>, std::uint32_t> known;
    std::uint32_t written = 0;
    for (const Entry& entry : entries) {
        const std::size_t at = data_.size();
        put_key(entry.key, set, false);
        std::vector<std::uint8_t> key(set.key_size);
        std::memcpy(key.data(), data_.data() + at, key.size());
        const auto [found, is_new] = known.try_emplace(key, entry.value);
        if (!is_new) {
            if (found->second != entry.value)
                throw Problem{entry.position, "this key is there already, with another value"};
            data_.resize(at);
            continue;
        }
        put(&entry.value, 4);
        ++written;
        auto place = std::size_t(hash_key(key.data(), key.size())) & (places - 1);
        while (index[place] != 0) place = (place + 1) & (places - 1);
        index[place] = written;
    }
    set.count = written;
    std::memcpy(data_.data() + index_at, index.data(), places * 4);
}

void Compiler::write_list(Set& set, const std::vector<Entry>& entries) {
    set.count = std::uint32_t(entries.size());
    for (const Entry& entry : entries) {
        put_key(entry.key, set, false);
        put_key(entry.key, set, true);
        put(&entry.value, 4);
    }
}

}  // namespace holm::filter::language
