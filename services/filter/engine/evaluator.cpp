#include "services/filter/engine/evaluator.h"

#include <algorithm>
#include <cstring>

namespace holm::filter {

namespace {

std::uint64_t be16(const std::uint8_t* at) {
    return std::uint64_t{at[0]} << 8 | at[1];
}

std::uint64_t be32(const std::uint8_t* at) {
    return be16(at) << 16 | be16(at + 2);
}

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

Subject::Subject(packet::Packet& of)
    : packet(of),
      network(reinterpret_cast<const std::uint8_t*>(of.network().data())),
      transport(reinterpret_cast<const std::uint8_t*>(of.transport().data())),
      length(std::uint32_t(of.network().size())),
      transport_length(of.fragment().offset == 0 ? std::uint32_t(of.transport().size()) : 0) {}

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

bool Evaluator::load(Field field, const Subject& subject, std::uint64_t& value) const {
    const std::uint8_t* ip = subject.network;
    const std::uint8_t* th = subject.transport;
    const bool is_v4 = subject.packet.is_v4();
    const auto v4 = [&](std::uint64_t found) { return value = found, is_v4; };
    const auto v6 = [&](std::uint64_t found) { return value = found, !is_v4; };
    // A transport's field is there if the protocol is the right one and the packet is long enough.
    const auto byte_of = [&](std::uint8_t protocol, std::size_t at) {
        if (subject.packet.protocol() != protocol || subject.transport_length < at + 1) return false;
        value = th[at];
        return true;
    };
    const auto word_of = [&](std::uint8_t protocol, std::size_t at) {
        if (subject.packet.protocol() != protocol || subject.transport_length < at + 2) return false;
        value = be16(th + at);
        return true;
    };
    switch (field) {
        case Field::kIpSource:
            return v4(be32(ip + 12));
        case Field::kIpDestination:
            return v4(be32(ip + 16));
        case Field::kIpProtocol:
            return v4(ip[9]);
        case Field::kIpTtl:
            return v4(ip[8]);
        case Field::kIpLength:
            return v4(be16(ip + 2));
        case Field::kIpDscp:
            return v4(ip[1] >> 2U);
        case Field::kIpId:
            return v4(be16(ip + 4));
        case Field::kIp6NextHeader:
            return v6(ip[6]);
        case Field::kIp6HopLimit:
            return v6(ip[7]);
        case Field::kIp6Length:
            return v6(be16(ip + 4));
        case Field::kIp6Dscp:
            return v6((be16(ip) >> 6U) & 0x3f);
        case Field::kIp6FlowLabel:
            return v6(be32(ip) & 0xfffff);
        case Field::kTcpSource:
            return word_of(packet::kTcp, 0);
        case Field::kTcpDestination:
            return word_of(packet::kTcp, 2);
        case Field::kTcpFlags:
            return byte_of(packet::kTcp, 13);
        case Field::kTcpWindow:
            return word_of(packet::kTcp, 14);
        case Field::kUdpSource:
            return word_of(packet::kUdp, 0);
        case Field::kUdpDestination:
            return word_of(packet::kUdp, 2);
        case Field::kUdpLength:
            return word_of(packet::kUdp, 4);
        case Field::kThSource:
            if (subject.transport_length < 2) return false;
            value = be16(th);
            return true;
        case Field::kThDestination:
            if (subject.transport_length < 4) return false;
            value = be16(th + 2);
            return true;
        case Field::kIcmpType:
            return is_v4 && byte_of(packet::kIcmp, 0);
        case Field::kIcmpCode:
            return is_v4 && byte_of(packet::kIcmp, 1);
        case Field::kIcmpv6Type:
            return !is_v4 && byte_of(packet::kIcmpv6, 0);
        case Field::kIcmpv6Code:
            return !is_v4 && byte_of(packet::kIcmpv6, 1);
        case Field::kMetaIif:
            value = subject.in_interface;
            return true;
        case Field::kMetaOif:
            value = subject.out_interface;
            return true;
        case Field::kMetaIifNames:
            value = subject.in_patterns;
            return true;
        case Field::kMetaOifNames:
            value = subject.out_patterns;
            return true;
        case Field::kMetaL4proto:
            value = subject.packet.protocol();
            return true;
        case Field::kMetaNfproto:
            value = is_v4 ? 2 : 10;
            return true;
        case Field::kMetaMark:
            value = subject.packet.mark;
            return true;
        case Field::kMetaLength:
            value = subject.length;
            return true;
        case Field::kCtState:
            value = subject.state;
            return true;
        case Field::kCtStatus:
            value = subject.status;
            return subject.connection_mark != nullptr;
        case Field::kCtMark:
            value = subject.connection_mark != nullptr ? *subject.connection_mark : 0;
            return subject.connection_mark != nullptr;
        case Field::kCtDirection:
            value = subject.reply ? 1 : 0;
            return subject.connection_mark != nullptr;
        default:
            return false;
    }
}

const std::uint8_t* Evaluator::load_wide(Field field, const Subject& subject) const {
    if (subject.packet.is_v4()) return nullptr;
    return subject.network + (field == Field::kIp6Source ? 8 : 24);
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
