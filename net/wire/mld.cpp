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
static_assert(sizeof(ReportLayout) == kMaximumMldReport);

constexpr std::size_t kQueryV2Size = 28;
constexpr std::uint8_t kDone = 132;

// RFC 3810, section 5.2.12.
std::uint8_t record_kind(multicast::Report::Kind kind) {
    switch (kind) {
        case multicast::Report::Kind::kListening:
            return 2;  // MODE_IS_EXCLUDE, of no sources
        case multicast::Report::Kind::kLeft:
            return 3;  // CHANGE_TO_INCLUDE_MODE
        case multicast::Report::Kind::kJoined:
            break;
    }
    return 4;  // CHANGE_TO_EXCLUDE_MODE
}

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
    return query;
}

std::size_t emit_mld_report(const multicast::Report& report, MutableBytes bytes) {
    const bool left = report.kind == multicast::Report::Kind::kLeft;
    if (report.older) {
        const std::uint8_t type = left ? kDone : std::uint8_t(Icmpv6Type::kMulticastReportV1);
        store(bytes, MessageLayout{type, 0, 0, 0, 0, report.group.bytes()});
        return sizeof(MessageLayout);
    }
    store(bytes, ReportLayout{std::uint8_t(Icmpv6Type::kMulticastReportV2), 0, 0, 0, 1,
                              record_kind(report.kind), 0, 0, report.group.bytes()});
    return sizeof(ReportLayout);
}

}  // namespace holm::net::wire
