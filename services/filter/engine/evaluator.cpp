#include "services/filter/engine/evaluator.h"

#include <algorithm>
#include <cstring>

namespace holm::filter {

namespace {

using Wide = unsigned __int128;

Wide be128(const std::uint8_t* at) {
    std::uint64_t high = 0, low = 0;
    std::memcpy(&high, at, 8);
    std::memcpy(&low, at + 8, 8);
    return Wide{__builtin_bswap64(high)} << 64 | __builtin_bswap64(low);
}

// Nanoseconds in which a limit allows so much; a week times a large burst is no number of 64 bits.
std::uint64_t time_of(const LimitEntry& entry, std::uint64_t units) {
    return std::uint64_t(std::min(Wide{entry.nanoseconds} * units / entry.rate, Wide{1} << 62U));
}

}  // namespace

Evaluator::Evaluator(const Table& table)
    : table_(table),
      counters_(std::make_unique<RuleCounter[]>(table.counters().size())),
      limits_(std::make_unique<LimitState[]>(table.limits().size())) {
    for (std::size_t i = 0; i < table.limits().size(); ++i) {
        const LimitEntry& entry = table.limits()[i];
        // As Linux has it: bytes are allowed a burst beyond one period's, packets the burst alone.
        const std::uint64_t burst = entry.by_bytes != 0 ? entry.rate + entry.burst : entry.burst;
        limits_[i].full = time_of(entry, burst);
        limits_[i].tokens = limits_[i].full;
    }
}

bool Evaluator::compare(const Operation& operation, const Subject& subject) const {
    std::uint64_t value = 0;
    if (!load(operation.field, subject, value)) return false;
    value &= operation.mask;
    return (value >= operation.low && value <= operation.high) != (operation.negate != 0);
}

bool Evaluator::compare_wide(const Operation& operation, const Subject& subject) const {
    const std::uint8_t* bytes = load_wide(operation.field, subject);
    if (bytes == nullptr) return false;
    const Constant* constants = table_.constants().data() + operation.index;
    const Wide value = be128(bytes) & be128(constants[2].bytes.data());
    const bool inside =
        value >= be128(constants[0].bytes.data()) && value <= be128(constants[1].bytes.data());
    return inside != (operation.negate != 0);
}

bool Evaluator::find(const Set& set, const Subject& subject, std::uint32_t& found) const {
    if (set.fields == 1 && set.key_size <= 8) {
        std::uint64_t key = 0;
        if (!load(set.key[0], subject, key)) return false;
        found = set.kind == SetKind::kSorted64 ? table_.find64(set, key) : kMiss;
        if (set.kind == SetKind::kSorted64) return true;
    }
    std::uint8_t bytes[kKeyBytes];
    Wide number = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < set.fields; ++i) {
        const std::size_t size = field_size(set.key[i]);
        if (size == 16) {
            const std::uint8_t* address = load_wide(set.key[i], subject);
            if (address == nullptr) return false;
            std::memcpy(bytes + at, address, 16);
            number = be128(address);  // of a key of up to 16 bytes it is all
        } else {
            std::uint64_t value = 0;
            if (!load(set.key[i], subject, value)) return false;
            for (std::size_t k = 0; k < size; ++k)
                bytes[at + k] = std::uint8_t(value >> (8 * (size - 1 - k)));
            number = number << (8 * size) | value;
        }
        at += size;
    }
    if (set.kind == SetKind::kSorted64)
        found = table_.find64(set, std::uint64_t(number));
    else if (set.kind == SetKind::kSorted128)
        found = table_.find128(set, number);
    else
        found = table_.find_bytes(set, bytes);
    return true;
}

bool Evaluator::within(std::uint32_t limit, const Subject& subject, Instant now) {
    const LimitEntry& entry = table_.limits()[limit];
    LimitState& state = limits_[limit];
    const std::int64_t at = now.as_nanoseconds();
    const std::uint64_t passed = at > state.last ? std::uint64_t(at - state.last) : 0;
    state.last = at;
    state.tokens = std::min(state.full, state.tokens + std::min(passed, state.full));
    const std::uint64_t units = entry.by_bytes != 0 ? subject.length : 1;
    const std::uint64_t cost = time_of(entry, units);
    if (state.tokens < cost) return entry.over != 0;
    state.tokens -= cost;
    return entry.over == 0;
}

bool Evaluator::set_mark(const Operation& operation, Subject& subject) {
    std::uint64_t value = 0;
    if (operation.index != kNoSet) {
        std::uint32_t found = kMiss;
        if (!find(table_.sets()[operation.index], subject, found) || found == kMiss) return false;
        value = found;
    } else {
        if (operation.field != Field::kNone && !load(operation.field, subject, value)) return false;
        value = (value & operation.mask) ^ operation.low;
    }
    if (operation.code == Code::kSetMark)
        subject.packet.mark = std::uint32_t(value);
    else if (subject.connection_mark != nullptr)
        *subject.connection_mark = std::uint32_t(value);
    return true;
}

Outcome Evaluator::run(const Chain& chain, Subject& subject, Instant now) {
    const Operation* operations = table_.operations().data();
    std::uint32_t returns[kJumpDepth];
    std::size_t depth = 0;
    std::uint32_t at = chain.begin;
    const Outcome policy{chain.drop != 0 ? Outcome::Kind::kDrop : Outcome::Kind::kAccept, 0, kMiss};
    for (std::uint32_t steps = 0; steps < kSteps; ++steps) {
        const Operation& operation = operations[at];
        switch (operation.code) {
            case Code::kCompare:
                at = compare(operation, subject) ? at + 1 : operation.next;
                continue;
            case Code::kCompareWide:
                at = compare_wide(operation, subject) ? at + 1 : operation.next;
                continue;
            case Code::kMember: {
                std::uint32_t found = kMiss;
                const bool there = find(table_.sets()[operation.index], subject, found);
                at = there && (found != kMiss) != (operation.negate != 0) ? at + 1 : operation.next;
                continue;
            }
            case Code::kDispatch: {
                std::uint32_t found = kMiss;
                const bool there = find(table_.sets()[operation.index], subject, found);
                at = there && found != kMiss ? found : operation.next;
                continue;
            }
            case Code::kLimit:
                at = within(operation.index, subject, now) ? at + 1 : operation.next;
                continue;
            case Code::kCount:
                ++counters_[operation.index].packets;
                counters_[operation.index].bytes += subject.length;
                ++at;
                continue;
            case Code::kLog: {
                const LogEntry& entry = table_.logs()[operation.index];
                if (log_ != nullptr) log_->log(now, table_.string(entry.prefix), entry.level, subject.packet);
                ++at;
                continue;
            }
            case Code::kSetMark:
            case Code::kSetCtMark:
                at = set_mark(operation, subject) ? at + 1 : operation.next;
                continue;
            case Code::kNotrack:
                subject.notrack = true;
                if (subject.connection_mark == nullptr) subject.state = kStateUntracked;
                ++at;
                continue;
            case Code::kAccept:
                return {};
            case Code::kDrop:
                return {Outcome::Kind::kDrop, 0, kMiss};
            case Code::kReject:
                return {Outcome::Kind::kReject, operation.index, kMiss};
            case Code::kJump:
                if (depth == kJumpDepth) return {Outcome::Kind::kDrop, 0, kMiss};
                returns[depth++] = operation.next;
                [[fallthrough]];
            case Code::kGoto:
                at = table_.chains()[operation.index].begin;
                continue;
            case Code::kReturn:
                if (depth == 0) return policy;
                at = returns[--depth];
                continue;
            case Code::kNat: {
                const std::uint32_t map = table_.translations()[operation.index].map;
                std::uint32_t found = kMiss;
                if (map != kNoSet && (!find(table_.sets()[map], subject, found) || found == kMiss)) {
                    at = operation.next;
                    continue;
                }
                return {Outcome::Kind::kTranslate, operation.index, found};
            }
            case Code::kNext:
                at = operation.next;
                continue;
            case Code::kCount_:
                break;
        }
        break;
    }
    ++exhausted_;
    return {Outcome::Kind::kDrop, 0, kMiss};
}

}  // namespace holm::filter
