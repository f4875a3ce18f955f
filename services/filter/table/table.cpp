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

bool is_family(TableFamily family) {
    return family == TableFamily::kInet || family == TableFamily::kIpv4 || family == TableFamily::kIpv6;
}

std::size_t start_size(SetKind kind) {
    return kind == SetKind::kSorted64 ? 8 : 16;
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

std::string_view Table::check() const {
    if (strings_.empty() || strings_.back() != '\0') return "its strings have no end";
    std::size_t length = 0;
    for (const char letter : strings_) {
        length = letter == '\0' ? 0 : length + 1;
        if (length > kStringBytes) return "a string that is too long";
    }
    const auto is_string = [&](std::uint32_t offset) { return offset < strings_.size(); };
    if (chains_.size() > kChains) return "too many chains";
    if (interfaces_.size() > kInterfaceNames) return "too many names of interfaces";
    for (const Set& set : sets_)
        if (const std::string_view problem = check_set(set); !problem.empty()) return problem;
    for (const Chain& chain : chains_) {
        if (!is_string(chain.name) || chain.hook > Hook::kNone || chain.type > ChainType::kRoute ||
            !is_family(chain.family))
            return "a chain with an unknown hook, type or family";
        if (chain.begin >= chain.end || chain.end > operations_.size()) return "a chain without operations";
        for (std::uint32_t at = chain.begin; at < chain.end; ++at)
            if (!check_operation(at, operations_[at], chain)) return "an operation that leads nowhere";
        const Code last = operations_[chain.end - 1].code;
        if (last != Code::kAccept && last != Code::kDrop && last != Code::kReturn)
            return "a chain without an end";
    }
    for (const CounterEntry& entry : counters_)
        if (!is_string(entry.chain) || !is_string(entry.text) || !is_string(entry.file))
            return "a counter without a name";
    for (const LimitEntry& entry : limits_)
        if (entry.rate == 0 || entry.nanoseconds == 0 || entry.burst > (std::uint64_t{1} << 32U) ||
            entry.nanoseconds > std::uint64_t{604'800} * 1'000'000'000 ||
            entry.rate > (std::uint64_t{1} << 40U))
            return "a limit that nothing could keep";
    for (const LogEntry& entry : logs_)
        if (!is_string(entry.prefix)) return "a log without a prefix";
    for (const NatEntry& entry : translations_) {
        if (entry.kind > NatKind::kRedirect || (entry.family != 0 && entry.family != 4 && entry.family != 6))
            return "an unknown translation";
        if (entry.port_low > entry.port_high) return "a translation to no port";
        if (entry.has_address != 0 && entry.family == 0) return "a translation to an address of no family";
        if (entry.map != kNoSet && (entry.map >= sets_.size() || sets_[entry.map].is_dispatch != 0))
            return "a translation by a map that is not there";
    }
    std::size_t patterns = 0;
    for (const InterfaceName& entry : interfaces_) {
        if (!is_string(entry.name)) return "an interface without a name";
        patterns += entry.is_pattern != 0 ? 1 : 0;
    }
    if (patterns > kPatterns) return "too many patterns of interfaces";
    return {};
}

std::string_view Table::check_set(const Set& set) const {
    if (set.name >= strings_.size() || set.kind > SetKind::kList) return "an unknown kind of set";
    if (set.fields == 0 || set.fields > kKeyFields) return "a set without a key";
    std::size_t size = 0;
    for (std::size_t i = 0; i < set.fields; ++i) {
        if (set.key[i] == Field::kNone || set.key[i] >= Field::kCount) return "a set with an unknown field";
        size += field_size(set.key[i]);
    }
    if (size != set.key_size || size > kKeyBytes) return "a set whose key has another size";
    if (set.data > data_.size() || set.data % 4 != 0) return "a set outside of the table";
    const std::size_t room = data_.size() - set.data;
    const std::byte* at = data_.data() + set.data;
    const auto value_ok = [&](const std::byte* value) {
        const auto number = load<std::uint32_t>(value);
        return number == kMiss || check_value(set, number);
    };
    if (set.index_bits > 24 || set.shift > 63) return "a set with an impossible index";
    const std::size_t places = std::size_t{1} << set.index_bits;
    switch (set.kind) {
        case SetKind::kSorted64:
        case SetKind::kSorted128: {
            if (set.key_size > start_size(set.kind) || set.count == 0) return "a set without stretches";
            const std::size_t each = start_size(set.kind) + 4;
            if (set.count > room / each || places + 1 > (room - set.count * each) / 4)
                return "a set outside of the table";
            const std::byte* values = at + set.count * start_size(set.kind);
            for (std::uint32_t i = 0; i < set.count; ++i)
                if (!value_ok(values + std::size_t{i} * 4)) return "a set with an impossible value";
            const std::byte* index = values + std::size_t{set.count} * 4;
            std::uint32_t last = 0;
            for (std::size_t i = 0; i <= places; ++i) {
                const auto place = load<std::uint32_t>(index + i * 4);
                if (place < last || place >= set.count) return "a set with a wrong index";
                last = place;
            }
            return {};
        }
        case SetKind::kHash: {
            const std::size_t each = std::size_t{set.key_size} + 4;
            if (places > room / 4 || set.count > (room - places * 4) / each)
                return "a set outside of the table";
            std::size_t used = 0;
            for (std::size_t i = 0; i < places; ++i) {
                const auto element = load<std::uint32_t>(at + i * 4);
                if (element > set.count) return "a set with a wrong index";
                used += element != 0 ? 1 : 0;
            }
            if (used == places) return "a hash without a free place";  // a search would not end
            for (std::uint32_t i = 0; i < set.count; ++i)
                if (!value_ok(at + places * 4 + i * each + set.key_size))
                    return "a set with an impossible value";
            return {};
        }
        case SetKind::kList: {
            const std::size_t each = 2 * std::size_t{set.key_size} + 4;
            if (set.count > kListElements || set.count > room / each) return "a list outside of the table";
            for (std::uint32_t i = 0; i < set.count; ++i)
                if (!value_ok(at + i * each + each - 4)) return "a set with an impossible value";
            return {};
        }
    }
    return "an unknown kind of set";
}

// Operations are checked again where the set is used: they lie ahead, in the same chain.
bool Table::check_value(const Set& set, std::uint32_t value) const {
    return set.is_dispatch != 0 ? value < operations_.size() : true;
}

bool Table::check_operation(std::uint32_t at, const Operation& operation, const Chain& chain) const {
    const auto ahead = [&](std::uint32_t target) { return target > at && target < chain.end; };
    const auto data_set = [&](std::uint32_t index) {
        return index < sets_.size() && sets_[index].is_dispatch == 0;
    };
    switch (operation.code) {
        case Code::kCompare:
            return ahead(operation.next) && operation.field != Field::kNone &&
                   operation.field < Field::kCount && field_size(operation.field) <= 8;
        case Code::kCompareWide:
            return ahead(operation.next) && operation.field < Field::kCount &&
                   field_size(operation.field) == 16 && constants_.size() >= 3 &&
                   operation.index <= constants_.size() - 3;
        case Code::kMember:
            return ahead(operation.next) && data_set(operation.index);
        case Code::kDispatch: {
            if (!ahead(operation.next) || operation.index >= sets_.size()) return false;
            const Set& set = sets_[operation.index];
            if (set.is_dispatch == 0) return false;
            const std::byte* data = data_.data() + set.data;
            const std::size_t places = std::size_t{1} << set.index_bits;
            for (std::uint32_t i = 0; i < set.count; ++i) {
                const std::byte* value = nullptr;
                switch (set.kind) {
                    case SetKind::kSorted64:
                    case SetKind::kSorted128:
                        value = data + set.count * start_size(set.kind) + std::size_t{i} * 4;
                        break;
                    case SetKind::kHash:
                        value = data + places * 4 + i * (std::size_t{set.key_size} + 4) + set.key_size;
                        break;
                    case SetKind::kList:
                        value =
                            data + i * (2 * std::size_t{set.key_size} + 4) + 2 * std::size_t{set.key_size};
                        break;
                }
                const auto target = load<std::uint32_t>(value);
                if (target != kMiss && !ahead(target)) return false;
            }
            return true;
        }
        case Code::kLimit:
            return ahead(operation.next) && operation.index < limits_.size();
        case Code::kCount:
            return operation.index < counters_.size() && at + 1 < chain.end;
        case Code::kLog:
            return operation.index < logs_.size() && at + 1 < chain.end;
        case Code::kSetMark:
        case Code::kSetCtMark:
            if (at + 1 >= chain.end || operation.field >= Field::kCount) return false;
            if (operation.index != kNoSet) return ahead(operation.next) && data_set(operation.index);
            return operation.field == Field::kNone || field_size(operation.field) <= 4;
        case Code::kNotrack:
            return at + 1 < chain.end;
        case Code::kAccept:
        case Code::kDrop:
        case Code::kReturn:
            return true;
        case Code::kReject:
            return operation.index < rejections_.size();
        case Code::kJump:
        case Code::kGoto:
            return operation.index < chains_.size() && ahead(operation.next) &&
                   chains_[operation.index].hook == Hook::kNone;
        case Code::kNat: {
            if (!ahead(operation.next) || operation.index >= translations_.size()) return false;
            const NatEntry& entry = translations_[operation.index];
            if (entry.map == kNoSet) return true;
            // Each value of the map is a constant, or a miss.
            return constants_.size() > 0;
        }
        case Code::kNext:
            return ahead(operation.next);
        case Code::kCount_:
            return false;
    }
    return false;
}

}  // namespace holm::filter
