#pragma once

// The Internet Group Management Protocol: queries of all versions, reports of versions 2 and 3 (RFC 2236,
// RFC 3376). The messages follow an IPv4 header with a router alert (RFC 2113).

#include <cstdint>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/multicast/membership.h"

namespace holm::net::wire {

struct IgmpMessage {
    enum class Kind : std::uint8_t { kQuery, kReport, kOther };
    Kind kind = Kind::kOther;
    IpAddress group = IpAddress::any_v4();  // of a query, unspecified: all
    Duration most;                          // of a query: to wait before answering
    bool older = false;                     // version 1 or 2
    multicast::SourceList sources;          // of a query; none: any, or more than the list holds

    // Checks the checksum, which covers the whole message.
    static Parsed<IgmpMessage> parse(Bytes message);
};

// A report as a whole IPv4 packet.
struct IgmpReportPacket {
    static constexpr std::size_t kMaximumSize = 24 + 16 + 4 * multicast::SourceList::kCapacity;
    std::byte bytes[kMaximumSize];
    std::size_t size = 0;
    IpAddress destination;

    IgmpReportPacket(const IpAddress& source, const multicast::Report& report);
};

}  // namespace holm::net::wire
