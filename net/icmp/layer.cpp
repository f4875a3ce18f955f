#include "net/icmp/layer.h"

#include <algorithm>

#include "net/wire/ipv4.h"

namespace holm::net::icmp {

namespace {

using wire::Icmpv4Header;
using wire::Icmpv4Type;
using wire::Icmpv4Unreachable;

// RFC 1191, section 7: sizes to try when a router of old does not say its MTU; the next one below the
// packet's size.
std::uint16_t plateau_below(std::uint16_t size) {
    for (const int plateau : {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296})
        if (plateau < size) return std::uint16_t(plateau);
    return 68;
}

std::optional<ip::ErrorKind> kind_of(const Icmpv4Header& header) {
    if (header.type == Icmpv4Type::kTimeExceeded) return ip::ErrorKind::kTimeExceeded;
    if (header.type == Icmpv4Type::kParameterProblem) return ip::ErrorKind::kParameterProblem;
    // Redirects and source quenches are ignored: RFC 6633, and a redirect is an invitation to be hijacked.
    if (header.type != Icmpv4Type::kUnreachable) return std::nullopt;
    switch (Icmpv4Unreachable(header.code)) {
        case Icmpv4Unreachable::kHost:
            return ip::ErrorKind::kHostUnreachable;
        case Icmpv4Unreachable::kProtocol:
            return ip::ErrorKind::kProtocolUnreachable;
        case Icmpv4Unreachable::kPort:
            return ip::ErrorKind::kPortUnreachable;
        case Icmpv4Unreachable::kFragmentationNeeded:
            return ip::ErrorKind::kPacketTooBig;
        case Icmpv4Unreachable::kNetworkProhibited:
        case Icmpv4Unreachable::kHostProhibited:
        case Icmpv4Unreachable::kCommunicationProhibited:
            return ip::ErrorKind::kProhibited;
        case Icmpv4Unreachable::kNetwork:
            break;
    }
    return ip::ErrorKind::kNetworkUnreachable;
}

}  // namespace

void Layer::receive(Instant now, const ip::Received& received, Bytes message, ip::Upper& upper) {
    const auto header = Icmpv4Header::parse(message, !received.checksum_verified);
    if (!header) return counters_.count(header.error());
    const Bytes rest = message.subspan(Icmpv4Header::kSize);
    if (header->is_error()) return receive_error(now, *header, rest, upper);
    if (header->type == Icmpv4Type::kEchoRequest) return answer(now, received, *header, rest);
    if (header->type == Icmpv4Type::kEchoReply) {
        if (header->first != identifier_) return counters_.count(Drop::kUnsolicited);
        return replies_.push({received.source, header->second, std::uint16_t(rest.size()), now});
    }
    counters_.count(Drop::kUnknownProtocol);
}

void Layer::answer(Instant now, const ip::Received& received, const Icmpv4Header& request, Bytes payload) {
    if (received.to_group)
        return counters_.count(Drop::kNotForUs);  // may be ignored (RFC 1122, 3.2.2.6): smurfs
    Message reply;
    reply.type = std::uint8_t(Icmpv4Type::kEchoReply);
    reply.value = std::uint32_t{request.first} << 16 | request.second;
    reply.source = received.destination;
    reply.destination = received.source;
    reply.traffic_class = received.traffic_class;
    reply.payload = payload;
    send(ip_, now, reply, link::Urgency::kDeferred);
}

void Layer::receive_error(Instant now, const Icmpv4Header& header, Bytes quote, ip::Upper& upper) {
    const auto kind = kind_of(header);
    if (!kind) return counters_.count(Drop::kDisabled);
    const auto quoted = wire::Ipv4Header::parse_quoted(quote);
    if (!quoted) return counters_.count(quoted.error());
    if (!ip_.is_own(quoted->source) || quoted->fragment_offset != 0) return counters_.count(Drop::kNotForUs);
    ip::ErrorReport report;
    report.kind = *kind;
    report.source = quoted->source;
    report.destination = quoted->destination;
    report.transport = quote.subspan(quoted->header_length);
    if (*kind == ip::ErrorKind::kPacketTooBig) {
        report.mtu = header.second != 0 ? header.second : plateau_below(quoted->total_length);
        // No packet is smaller than this (RFC 791), and none that was not smaller than the one that failed
        // helps.
        report.mtu = std::max<std::uint16_t>(report.mtu, 68);
        if (report.mtu >= quoted->total_length) return counters_.count(Drop::kBadLength);
    }
    if (!upper.report(now, ip::Protocol(quoted->protocol), report)) counters_.count(Drop::kUnsolicited);
}

void Layer::send_error(Instant now, Icmpv4Type type, std::uint8_t code, const ip::Received& about,
                       std::uint32_t value) {
    if (about.to_group || about.source.is_unspecified() || ip_.is_group(about.source)) return;
    const auto original = wire::Ipv4Header::parse_quoted(about.datagram);
    if (!original || original->fragment_offset != 0) return;
    if (ip::Protocol(original->protocol) == ip::Protocol::kIcmp) {
        // Never an error about an error. A type that we do not know could be one.
        const auto inner = Icmpv4Header::parse(about.datagram.subspan(original->header_length), false);
        if (!inner || (inner->type != Icmpv4Type::kEchoRequest && inner->type != Icmpv4Type::kEchoReply))
            return;
    }
    if (!errors_.take(now)) return counters_.count(Drop::kRateLimited);
    Message error;
    error.type = std::uint8_t(type);
    error.code = code;
    error.value = value;
    error.source = about.destination;
    error.destination = about.source;
    error.traffic_class = 0xc0;  // RFC 1812, section 4.3.2.5: precedence "internetwork control"
    error.payload = about.datagram.first(std::min(about.datagram.size(), kMaximumQuote));
    send(ip_, now, error, link::Urgency::kDeferred);
}

}  // namespace holm::net::icmp
