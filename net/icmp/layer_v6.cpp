#include "net/icmp/layer_v6.h"

#include <algorithm>

#include "net/ip/pseudo_header.h"
#include "net/wire/ipv6.h"
#include "net/wire/ipv6_extensions.h"

namespace holm::net::icmp {

namespace {

using wire::Icmpv6Header;
using wire::Icmpv6Type;
using wire::Icmpv6Unreachable;

std::optional<ip::ErrorKind> kind_of(const Icmpv6Header& header) {
    switch (header.type) {
        case Icmpv6Type::kPacketTooBig:
            return ip::ErrorKind::kPacketTooBig;
        case Icmpv6Type::kTimeExceeded:
            return ip::ErrorKind::kTimeExceeded;
        case Icmpv6Type::kParameterProblem:
            // Section 4.4 lets the code that names a next header stand for "protocol unreachable".
            return header.code == std::uint8_t(wire::Icmpv6Parameter::kUnrecognizedNextHeader)
                       ? ip::ErrorKind::kProtocolUnreachable
                       : ip::ErrorKind::kParameterProblem;
        case Icmpv6Type::kUnreachable:
            break;
        default:
            return std::nullopt;  // an error that is not known: section 2.4 (a) passes it up, to nobody here
    }
    switch (Icmpv6Unreachable(header.code)) {
        case Icmpv6Unreachable::kAddress:
            return ip::ErrorKind::kHostUnreachable;
        case Icmpv6Unreachable::kPort:
            return ip::ErrorKind::kPortUnreachable;
        case Icmpv6Unreachable::kProhibited:
        case Icmpv6Unreachable::kPolicy:
        case Icmpv6Unreachable::kReject:
            return ip::ErrorKind::kProhibited;
        case Icmpv6Unreachable::kNoRoute:
        case Icmpv6Unreachable::kBeyondScope:
            break;
    }
    return ip::ErrorKind::kNetworkUnreachable;
}

}  // namespace

void LayerV6::receive(Instant now, const ip::Received& received, Bytes message, ip::Upper& upper) {
    const auto header = Icmpv6Header::parse(message);
    if (!header) return counters_.count(header.error());
    if (!received.checksum_verified &&
        !ip::pseudo_header(received.source, received.destination, ip::Protocol::kIcmpv6, message.size())
             .add(message)
             .is_correct())
        return counters_.count(Drop::kBadChecksum);
    const Bytes rest = message.subspan(Icmpv6Header::kSize);
    switch (header->type) {
        case Icmpv6Type::kEchoRequest:
            return answer(now, received, *header, rest);
        case Icmpv6Type::kEchoReply:
            if (header->value >> 16 != identifier_) return counters_.count(Drop::kUnsolicited);
            return replies_.push(
                {received.source, std::uint16_t(header->value), std::uint16_t(rest.size()), now});
        case Icmpv6Type::kRouterSolicitation:
        case Icmpv6Type::kRouterAdvertisement:
        case Icmpv6Type::kNeighborSolicitation:
        case Icmpv6Type::kNeighborAdvertisement:
        case Icmpv6Type::kRedirect:
            return received.interface->receive_ndp(
                now, {received.source, received.destination, received.ttl, received.reassembled, message});
        case Icmpv6Type::kMulticastQuery:
        case Icmpv6Type::kMulticastReportV1:
            return received.interface->receive_mld(
                now, {received.source, received.destination, received.ttl, received.reassembled, message});
        default:
            if (header->is_error()) return receive_error(now, received, *header, rest, upper);
            break;
    }
    counters_.count(Drop::kUnknownProtocol);  // section 2.4 (b): an informational message that is not known
}

void LayerV6::answer(Instant now, const ip::Received& received, const Icmpv6Header& request, Bytes payload) {
    if (received.source.is_unspecified()) return counters_.count(Drop::kBadSource);
    if (received.to_group && !group_replies_.take(now)) return counters_.count(Drop::kRateLimited);
    Message reply;
    reply.type = std::uint8_t(Icmpv6Type::kEchoReply);
    reply.value = request.value;
    reply.traffic_class = received.traffic_class;
    reply.payload = payload;
    send_back(now, received, reply);
}

void LayerV6::receive_error(Instant now, const ip::Received& received, const Icmpv6Header& header,
                            Bytes quote, ip::Upper& upper) {
    const auto kind = kind_of(header);
    if (!kind) return counters_.count(Drop::kUnknownProtocol);
    const auto quoted = wire::Ipv6Header::parse_quoted(quote);
    if (!quoted) return counters_.count(quoted.error());
    const auto chain = wire::walk_extensions(quote, quoted->next_header, wire::Ipv6Header::kSize);
    if (!chain) return counters_.count(chain.error().reason);
    std::size_t end = chain->end;
    std::uint8_t protocol = chain->protocol;
    if (chain->fragment) {
        if (chain->fragment->offset != 0) return counters_.count(Drop::kNotForUs);
        const auto rest = wire::walk_extensions(quote, chain->fragment->next_header, chain->end, true);
        if (!rest) return counters_.count(rest.error().reason);
        end = rest->end;
        protocol = rest->protocol;
    }
    ip::ErrorReport report;
    report.kind = *kind;
    report.source = ip_.with_zone(quoted->source, *received.interface);
    report.destination = ip_.with_zone(quoted->destination, *received.interface);
    if (!ip_.is_own(report.source)) return counters_.count(Drop::kNotForUs);
    if (quote.size() < end + 8) return counters_.count(Drop::kTruncated);
    report.transport = quote.subspan(end);
    if (*kind == ip::ErrorKind::kPacketTooBig) {
        // RFC 8201, section 4: what is below the least MTU of IPv6 is ignored, and what would have let the
        // packet pass is no reason.
        if (header.value < ip::PathMtuCache::kSmallestV6 || header.value >= quoted->total_length())
            return counters_.count(Drop::kBadLength);
        report.mtu = std::uint16_t(std::min<std::uint32_t>(header.value, 0xffff));
    }
    if (!upper.report(now, ip::Protocol(protocol), report)) counters_.count(Drop::kUnsolicited);
}

void LayerV6::send_error(Instant now, Icmpv6Type type, std::uint8_t code, std::uint32_t value,
                         const ip::Received& about, bool to_group) {
    // Section 2.4 (e).
    if ((about.to_group && !to_group) || about.source.is_unspecified() || about.source.is_multicast()) return;
    const auto header = wire::Ipv6Header::parse_quoted(about.datagram);
    if (!header) return;
    const auto chain = wire::walk_extensions(about.datagram, header->next_header, wire::Ipv6Header::kSize);
    if (chain && ip::Protocol(chain->protocol) == ip::Protocol::kIcmpv6) {
        const auto inner = Icmpv6Header::parse(about.datagram.subspan(chain->end));
        if (!inner || inner->is_error() || inner->type == Icmpv6Type::kRedirect) return;
    }
    if (!errors_.take(now)) return counters_.count(Drop::kRateLimited);
    Message error;
    error.type = std::uint8_t(type);
    error.code = code;
    error.value = value;
    error.payload = about.datagram.first(std::min(about.datagram.size(), kMaximumQuote));
    send_back(now, about, error);
}

// From the address that was asked, or, if that was a group's, from one of ours.
void LayerV6::send_back(Instant now, const ip::Received& to, Message& message) {
    message.source = to.destination;
    message.destination = to.source;
    if (to.to_group) {
        const auto route = ip_.route(to.source, {});
        if (!route) return counters_.count(Drop::kNoRoute);
        message.source = route->source;
    }
    send(ip_, now, message, link::Urgency::kDeferred);
}

}  // namespace holm::net::icmp
