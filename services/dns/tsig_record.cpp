#include "services/dns/tsig_record.h"

#include "net/resolve/name.h"
#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/message_walk.h"

namespace holm::dns {

using net::resolve::DomainName;
using net::wire::DnsHeader;
using net::wire::DnsQuestionTail;
using net::wire::DnsRecordTail;

namespace {

// Behind the algorithm's name, and behind the MAC.
struct MacHead {
    NetU16 time_high;
    NetU32 time_low;
    NetU16 fudge, mac_size;
};
struct MacTail {
    NetU16 original_id, error, other_size;
};

}  // namespace

// Lengths of labels are below 64, and no letters.
LowerName::LowerName(Bytes wire) : size_(wire.size()) {
    std::ranges::transform(wire, bytes_.begin(), [](std::byte one) {
        return one >= std::byte{'A'} && one <= std::byte{'Z'} ? one | std::byte{0x20} : one;
    });
}

std::optional<TsigRecord> TsigRecord::read(Bytes message, std::size_t begin) {
    TsigRecord record;
    record.begin = begin;
    std::size_t at = begin;
    // Whoever compresses the key's name is understood; the algorithm's is never compressed.
    const auto key = DomainName::read(message, at, at);
    if (!key || message.size() - at < sizeof(DnsRecordTail)) return std::nullopt;
    const auto tail = net::wire::load<DnsRecordTail>(message.subspan(at));
    at += sizeof(tail);
    if (tail.type != type::kTsig || tail.kind != kind::kAny || tail.lifetime != 0 ||
        tail.size != message.size() - at)
        return std::nullopt;
    Bytes data = message.subspan(at);
    std::size_t behind = 0;
    const auto algorithm = DomainName::read(data, 0, behind);
    if (!algorithm || data.size() - behind < sizeof(MacHead)) return std::nullopt;
    const auto head = net::wire::load<MacHead>(data.subspan(behind));
    data = data.subspan(behind + sizeof(head));
    if (data.size() < head.mac_size + sizeof(MacTail)) return std::nullopt;
    record.mac = data.first(head.mac_size);
    const auto last = net::wire::load<MacTail>(data.subspan(head.mac_size));
    record.other = data.subspan(head.mac_size + sizeof(last));
    if (record.other.size() != last.other_size) return std::nullopt;
    record.key = LowerName(key->wire());
    record.algorithm = LowerName(algorithm->wire());
    record.time = std::uint64_t{head.time_high} << 32 | head.time_low;
    record.fudge = head.fudge;
    record.original_id = last.original_id;
    record.error = last.error;
    return record;
}

std::optional<TsigRecord> TsigRecord::find(Bytes message) {
    if (message.size() < sizeof(DnsHeader)) return std::nullopt;
    const auto header = net::wire::load<DnsHeader>(message);
    std::size_t at = sizeof(header);
    for (unsigned i = 0; i < header.questions; ++i) {
        at = skip_name(message, at);
        if (at == 0 || message.size() - at < sizeof(DnsQuestionTail)) return std::nullopt;
        at += sizeof(DnsQuestionTail);
    }
    const unsigned records = unsigned{header.answers} + header.authorities + header.additionals;
    if (header.additionals == 0) return std::nullopt;
    for (unsigned i = 1; i < records; ++i) {
        at = skip_name(message, at);
        if (at == 0 || message.size() - at < sizeof(DnsRecordTail)) return std::nullopt;
        const auto tail = net::wire::load<DnsRecordTail>(message.subspan(at));
        at += sizeof(tail);
        if (tail.size > message.size() - at) return std::nullopt;
        at += tail.size;
    }
    return read(message, at);
}

}  // namespace holm::dns
