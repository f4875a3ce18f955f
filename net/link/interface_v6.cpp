// The IPv6 side of an interface: the messages of neighbour discovery and of multicast listener discovery on
// their way in and out.

#include <algorithm>

#include "base/network_order.h"
#include "net/ip/pseudo_header.h"
#include "net/link/interface.h"
#include "net/wire/ethernet.h"
#include "net/wire/icmpv6.h"
#include "net/wire/ipv6.h"
#include "net/wire/layout.h"
#include "net/wire/mld.h"

namespace holm::net::link {

namespace {

constexpr IpAddress kAllRouters = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
constexpr IpAddress kAllMldRouters = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16});

}  // namespace

Result<> Interface::start_ipv6(Instant now, const ndp::Configuration& configuration) {
    if (mtu_ < ndp::Host::kMinimumMtu)
        return fail(ErrorCode::kInvalid, "IPv6 needs a link that carries 1280 bytes");
    rare_known_ = false;
    ipv6_.start(now, configuration, mtu_, *this);
    return {};
}

void Interface::send_icmpv6(const IpAddress& source, const IpAddress& destination, MacAddress mac,
                            std::uint8_t hop_limit, Bytes extension, MutableBytes message) {
    const NetU16 checksum =
        ip::pseudo_header(source, destination, ip::Protocol::kIcmpv6, message.size()).add(message).value();
    wire::store(message.subspan(wire::Icmpv6Header::kChecksumOffset), checksum);

    std::byte headers[wire::EthernetHeader::kSize + wire::Ipv6Header::kSize];
    wire::EthernetHeader{mac, mac_, wire::kEtherTypeIpv6}.emit(headers);
    wire::Ipv6Header header;
    header.payload_length = std::uint16_t(extension.size() + message.size());
    header.next_header = extension.empty() ? std::uint8_t(ip::Protocol::kIcmpv6) : wire::kHopByHop;
    header.hop_limit = hop_limit;
    header.source = source;
    header.destination = destination;
    header.emit(MutableBytes(headers).subspan(wire::EthernetHeader::kSize));
    const Bytes pieces[] = {headers, extension, message};
    enqueue(pieces, {});
}

void Interface::send_ndp(const IpAddress& source, const IpAddress& destination,
                         const std::optional<MacAddress>& mac, MutableBytes message) {
    send_icmpv6(source, destination, mac.value_or(wire::group_mac(destination)), 255, {}, message);
}

void Interface::send_ndp_message(Instant now, const IpAddress& destination, MutableBytes message) {
    const IpAddress source = ipv6_.link_local();
    if (source.is_unspecified()) return;
    std::optional<MacAddress> mac;
    if (!destination.is_multicast()) {
        mac = ipv6_.resolve(now, destination);
        if (!mac) return;
    }
    send_ndp(source, destination, mac, message);
}

void Interface::resolved(const IpAddress& neighbor, MacAddress mac) {
    waiting_.release(neighbor, [&](WaitingRoom::Frame frame) {
        wire::EthernetHeader{mac, mac_, wire::kEtherTypeIpv6}.emit(frame.bytes);
        const Bytes piece = frame.bytes;
        enqueue({&piece, 1}, frame.offload);
    });
}

void Interface::unresolved(Instant now, const IpAddress& neighbor) {
    waiting_.release(neighbor, [&](WaitingRoom::Frame frame) {
        counters_.count(Drop::kUnresolved);
        if (sink_) sink_->unresolved(now, neighbor, frame.bytes.subspan(wire::EthernetHeader::kSize));
    });
}

void Interface::receive_mld(Instant now, const ndp::Heard& heard) {
    // RFC 3810, sections 5.1.14 and 6.2: from the link.
    if (heard.hop_limit != 1 || !heard.source.is_link_local()) return counters_.count(Drop::kBadSource);
    rare_known_ = false;
    const auto header = wire::Icmpv6Header::parse(heard.message);
    if (!header) return counters_.count(header.error());
    if (header->type == wire::Icmpv6Type::kMulticastReportV1) {
        listeners_.heard_report(heard.destination);
        return;
    }
    if (header->type != wire::Icmpv6Type::kMulticastQuery) return;
    const auto query = wire::MldQuery::parse(heard.message);
    if (!query) return counters_.count(query.error());
    const IpAddress group = query->group.needs_zone() ? query->group.with_zone(zone()) : query->group;
    listeners_.queried(now, group, query->most, query->older, query->sources);
}

void Interface::transmit_ipv6(Instant now, UnresolvedSink& sink) {
    const auto report_groups = [&] {
        while (const auto report = listeners_.due(now)) {
            if (loopback_) continue;
            std::byte bytes[wire::kMaximumMldReport];
            const auto message = MutableBytes(bytes).first(wire::emit_mld_report(*report, bytes));
            IpAddress to = kAllMldRouters;
            if (report->older) to = report->left ? kAllRouters : report->group;
            send_icmpv6(ipv6_.link_local(), to, wire::group_mac(to), 1,
                        std::as_bytes(std::span(wire::kMldRouterAlert)), message);
        }
    };
    // A group is joined before anybody is asked whether its address is taken (RFC 4862, section 5.4.2):
    // switches that listen to reports would keep the answer away.
    report_groups();
    sink_ = &sink;
    ipv6_.transmit(now, *this);
    sink_ = nullptr;
    report_groups();
}

}  // namespace holm::net::link
