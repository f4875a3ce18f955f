#include "net/wire/igmp.h"

#include "base/checksum.h"
#include "base/network_order.h"
#include "net/wire/ipv4.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

namespace {

enum Type : std::uint8_t {
    kQuery = 0x11,
    kReportV1 = 0x12,
    kReportV2 = 0x16,
    kLeaveV2 = 0x17,
    kReportV3 = 0x22,
};

struct MessageLayout {  // of versions 1 and 2, and the beginning of a query of version 3
    std::uint8_t type, most;
    NetU16 checksum;
    NetU32 group;
};
static_assert(sizeof(MessageLayout) == 8);

struct ReportLayout {  // of version 3, with one record
    std::uint8_t type, reserved;
    NetU16 checksum;
    NetU16 more_reserved, records;
    std::uint8_t kind, auxiliary;
    NetU16 sources;
    NetU32 group;
};
static_assert(sizeof(ReportLayout) == 16);

constexpr std::size_t kQueryV3Size = 12;
constexpr std::size_t kHeaderSize = 24;  // with the router alert
constexpr std::byte kRouterAlert[] = {std::byte{0x94}, std::byte{4}, std::byte{0}, std::byte{0}};

}  // namespace

Parsed<IgmpMessage> IgmpMessage::parse(Bytes message) {
    if (message.size() < sizeof(MessageLayout)) return std::unexpected(Drop::kTruncated);
    if (!InternetChecksum().add(message).is_correct()) return std::unexpected(Drop::kBadChecksum);
    const auto raw = load<MessageLayout>(message);
    IgmpMessage parsed;
    if (raw.type == kReportV1 || raw.type == kReportV2) parsed.kind = Kind::kReport;
    if (raw.type != kQuery) return parsed;
    parsed.kind = Kind::kQuery;
    parsed.group = IpAddress::v4(raw.group);
    if (!parsed.group.is_unspecified() && !parsed.group.is_multicast())
        return std::unexpected(Drop::kBadOption);
    parsed.older = message.size() < kQueryV3Size;
    // Tenths of a second; version 1 says nothing and means ten seconds; from 128 up version 3 counts in
    // floating point (section 4.1.1).
    std::int64_t tenths = raw.most == 0 ? 100 : raw.most;
    if (!parsed.older && raw.most >= 128)
        tenths = std::int64_t{(raw.most & 0xf) | 0x10} << ((raw.most >> 4 & 7) + 3);
    parsed.most = Duration::milliseconds(tenths * 100);
    if (parsed.older) return parsed;
    const std::size_t sources = load<NetU16>(message.subspan(kQueryV3Size - 2));
    Bytes rest = message.subspan(kQueryV3Size);
    if (rest.size() / 4 < sources) return std::unexpected(Drop::kBadLength);
    if (sources > multicast::SourceList::kCapacity) return parsed;
    for (rest = rest.first(4 * sources); !rest.empty(); rest = rest.subspan(4))
        parsed.sources.add(IpAddress::v4(load<NetU32>(rest)));
    return parsed;
}

IgmpReportPacket::IgmpReportPacket(const IpAddress& source, const multicast::Report& report) {
    const auto message = MutableBytes(bytes).subspan(kHeaderSize);
    std::size_t length = 0;
    if (report.older) {
        destination = report.left ? IpAddress::v4(224, 0, 0, 2) : report.group;
        length = sizeof(MessageLayout);
        store(message,
              MessageLayout{std::uint8_t(report.left ? kLeaveV2 : kReportV2), 0, 0, report.group.to_v4()});
    } else {
        destination = IpAddress::v4(224, 0, 0, 22);
        length = sizeof(ReportLayout);
        const auto sources = report.sources.all();
        store(message, ReportLayout{kReportV3, 0, 0, 0, 1, std::uint8_t(report.kind), 0,
                                    std::uint16_t(sources.size()), report.group.to_v4()});
        for (const IpAddress& each : sources) {
            store(message.subspan(length), NetU32(each.to_v4()));
            length += 4;
        }
    }
    const NetU16 checksum = InternetChecksum().add(message.first(length)).value();
    store(message.subspan(2), checksum);

    Ipv4Header header;
    header.total_length = std::uint16_t(kHeaderSize + length);
    header.ttl = 1;
    header.protocol = 2;
    header.traffic_class = 0xc0;  // RFC 3376, section 4: internetwork control
    header.source = source;
    header.destination = destination;
    header.emit_with_options(MutableBytes(bytes), kRouterAlert);
    size = header.total_length;
}

}  // namespace holm::net::wire
