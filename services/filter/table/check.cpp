// What a table must hold to before it is used: every index and offset in it leads to where it should, and
// ahead only.

#include <cstring>

#include "services/filter/table/table.h"

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

}  // namespace

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
