#include "net/wire/mld.h"

#include "base/network_order.h"
#include "net/wire/icmpv6.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

namespace {

using RawAddress = std::array<std::uint8_t, 16>;

struct MessageLayout {  // version 1, and the beginning of a query of version 2
    std::uint8_t type, code;
    NetU16 checksum;
    NetU16 delay;
    NetU16 reserved;
    RawAddress group;
};
static_assert(sizeof(MessageLayout) == 24);

struct ReportLayout {  // version 2, with one record
    std::uint8_t type, code;
    NetU16 checksum;
    NetU16 reserved;
    NetU16 records;
    std::uint8_t kind, auxiliary;
    NetU16 sources;
    RawAddress group;
};
static_assert(sizeof(ReportLayout) == 28);

constexpr std::size_t kQueryV2Size = 28;
constexpr std::uint8_t kDone = 132;

}  // namespace

Parsed<MldQuery> MldQuery::parse(Bytes message) {
    if (message.size() < sizeof(MessageLayout)) return std::unexpected(Drop::kTruncated);
    const auto raw = load<MessageLayout>(message);
    MldQuery query;
    query.group = IpAddress::v6(raw.group);
    if (!query.group.is_unspecified() && !query.group.is_multicast())
        return std::unexpected(Drop::kBadOption);
    query.older = message.size() == sizeof(MessageLayout);
    if (!query.older && message.size() < kQueryV2Size) return std::unexpected(Drop::kBadLength);
    // Section 5.1.3: from 32,768 up a floating-point number.
    std::uint32_t milliseconds = raw.delay;
    if (!query.older && milliseconds >= 0x8000)
        milliseconds = ((milliseconds & 0xfff) | 0x1000) << ((milliseconds >> 12 & 7) + 3);
    query.most = Duration::milliseconds(milliseconds);
    if (query.older) return query;
    const std::size_t sources = load<NetU16>(message.subspan(kQueryV2Size - 2));
    Bytes rest = message.subspan(kQueryV2Size);
    if (rest.size() / sizeof(RawAddress) < sources) return std::unexpected(Drop::kBadLength);
    if (sources > multicast::SourceList::kCapacity) return query;
    for (rest = rest.first(sizeof(RawAddress) * sources); !rest.empty();
         rest = rest.subspan(sizeof(RawAddress)))
        query.sources.add(IpAddress::v6(load<RawAddress>(rest)));
    return query;
}

std::size_t emit_mld_report(const multicast::Report& report, MutableBytes bytes) {
    if (report.older) {
        const std::uint8_t type = report.left ? kDone : std::uint8_t(Icmpv6Type::kMulticastReportV1);
        store(bytes, MessageLayout{type, 0, 0, 0, 0, report.group.bytes()});
        return sizeof(MessageLayout);
    }
    const auto sources = report.sources.all();
    store(bytes,
          ReportLayout{std::uint8_t(Icmpv6Type::kMulticastReportV2), 0, 0, 0, 1, std::uint8_t(report.kind), 0,
                       std::uint16_t(sources.size()), report.group.bytes()});
    std::size_t size = sizeof(ReportLayout);
    for (const IpAddress& source : sources) {
        store(bytes.subspan(size), source.bytes());
        size += sizeof(RawAddress);
    }
    return size;
}

}  // namespace holm::net::wire
