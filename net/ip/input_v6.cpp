// IPv6 on its way in (RFC 8200).

#include <algorithm>

#include "net/ip/layer.h"
#include "net/wire/ethernet.h"
#include "net/wire/ipv6.h"
#include "net/wire/layout.h"

namespace holm::net::ip {

namespace {

using wire::ExtensionProblem;
using Answer = wire::ExtensionProblem::Answer;

// RFC 7112: the first fragment holds the whole chain of headers, the transport's included, or a filter could
// not judge it.
bool has_whole_chain(Bytes first_fragment, const wire::ExtensionChain& chain) {
    const auto rest = wire::walk_extensions(first_fragment, chain.fragment->next_header, chain.end, true);
    if (!rest) return rest.error().reason != Drop::kTruncated;
    std::size_t least = 8;
    if (Protocol(rest->protocol) == Protocol::kTcp) least = 20;
    return rest->protocol == wire::kNoNextHeader || rest->end + least <= first_fragment.size();
}

}  // namespace

IpAddress Layer::with_zone(const IpAddress& address, const link::Interface& interface) const {
    if (!address.needs_zone()) return address;
    if (!interface.is_loopback()) return address.with_zone(interface.zone());
    // What we send to ourselves comes back through the loopback, and belongs to the link of the address.
    for (const link::Interface* other : interfaces())
        if (other->is_own(address.with_zone(other->zone()))) return address.with_zone(other->zone());
    return address.with_zone(interface.zone());
}

void Layer::receive_v6(Instant now, link::Interface& interface, Bytes packet, const Offload& offload,
                       bool link_group, BufferOwner* owner) {
    if (!interface.is_loopback() && !interface.ipv6().running())
        return counters_.count(Drop::kUnknownEtherType);
    const auto header = wire::Ipv6Header::parse(packet);
    if (!header) return counters_.count(header.error());
    packet = packet.first(header->total_length());

    Received received;
    received.source = with_zone(header->source, interface);
    received.destination = with_zone(header->destination, interface);
    received.ttl = header->hop_limit;
    received.traffic_class = header->traffic_class;
    received.interface = &interface;
    received.zone = interface.zone();
    received.datagram = packet;
    received.owner = owner;
    if (received.destination.is_multicast()) {
        link::Interface* const member = interface_of_group(interface, received.source);
        if (member && header->destination.needs_zone())
            received.destination = header->destination.with_zone(member->zone());
        // Of interface scope (ff01), and the reserved scope 0 (RFC 4291, section 2.7), nothing is on a wire.
        const int least_scope = interface.is_loopback() ? 1 : 2;
        if ((header->destination.bytes()[1] & 0xf) < least_scope || !member ||
            !member->listens(received.destination))
            return counters_.count(Drop::kNotForUs);
        received.interface = member;
        received.zone = member->zone();
        received.to_group = true;
    } else if (!is_own(received.destination) || link_group ||
               (!interface.is_loopback() && received.destination.is_loopback())) {
        return counters_.count(Drop::kNotForUs);
    }
    // Who has the address that we are trying says so from that address: such a message passes.
    bool forged = received.source.is_multicast(), tried = false;
    if (!interface.is_loopback()) {
        forged |= received.source.is_loopback();
        for (const link::Interface* own : interfaces()) {
            forged |= own->ipv6().is_unique(received.source);
            tried |= own->is_own(received.source);
        }
    }
    if (forged) return counters_.count(Drop::kBadSource);

    const auto chain = wire::walk_extensions(packet, header->next_header, wire::Ipv6Header::kSize);
    if (!chain) return refuse(now, received, chain.error());
    if (tried && (Protocol(chain->protocol) != Protocol::kIcmpv6 || header->hop_limit != 255))
        return counters_.count(Drop::kBadSource);
    if (chain->fragment) return receive_fragment(now, received, *header, *chain);
    received.checksum_verified =
        offload.checksum_valid ||
        (offload.needs_checksum && offload.checksum_start == wire::EthernetHeader::kSize + chain->end);
    received.segment_size = offload.coalesced();
    hand_up(now, received, *chain);
}

// The neighbour that a packet of ours was for does not answer.
void Layer::unresolved_v6(Instant now, Bytes packet) {
    const auto header = wire::Ipv6Header::parse(packet);
    if (!header) return;
    const auto chain = wire::walk_extensions(packet, header->next_header, wire::Ipv6Header::kSize);
    if (!chain || chain->fragment) return;
    ErrorReport error;
    error.kind = ErrorKind::kHostUnreachable;
    error.source = header->source;
    error.destination = header->destination;
    error.transport = packet.subspan(chain->end);
    // The zones are not in the packet; the source says which link it was.
    for (const link::Interface* interface : interfaces()) {
        if (!interface->is_own(
                header->source.with_zone(header->source.is_link_local() ? interface->zone() : 0)))
            continue;
        error.source = with_zone(header->source, *interface);
        error.destination = with_zone(header->destination, *interface);
    }
    if (error.transport.size() >= 8) upper_.report(now, Protocol(chain->protocol), error);
}

void Layer::refuse(Instant now, const Received& received, const ExtensionProblem& problem) {
    counters_.count(problem.reason);
    if (problem.answer != Answer::kNone) upper_.refused(now, received, problem);
}

void Layer::hand_up(Instant now, Received& received, const wire::ExtensionChain& chain) {
    if (chain.protocol == wire::kNoNextHeader) return;
    // Only who looks for duplicates of its address has none yet (RFC 4291, section 2.5.2).
    if (received.source.is_unspecified() && Protocol(chain.protocol) != Protocol::kIcmpv6)
        return counters_.count(Drop::kBadSource);
    received.protocol_position = chain.protocol_position;
    upper_.deliver(now, Protocol(chain.protocol), received, received.datagram.subspan(chain.end));
}

void Layer::receive_fragment(Instant now, Received& received, const wire::Ipv6Header& header,
                             const wire::ExtensionChain& chain) {
    const wire::Ipv6Fragment& piece = *chain.fragment;
    const Bytes packet = received.datagram;
    const Bytes payload = packet.subspan(chain.end);
    // Section 4.5, the error conditions; fragments that carry nothing are of no use to anybody.
    if (piece.more && (payload.empty() || payload.size() % 8 != 0))
        return refuse(now, received,
                      {Drop::kBadLength, Answer::kErroneousField, wire::Ipv6Header::kPayloadLengthPosition});
    if (std::size_t{piece.offset} + payload.size() + wire::Ipv6Header::kSize > 65'535)
        return refuse(now, received,
                      {Drop::kBadLength, Answer::kErroneousField,
                       std::uint32_t(chain.end - wire::Ipv6Fragment::kSize + 2)});
    if (piece.offset == 0 && !has_whole_chain(packet, chain)) return counters_.count(Drop::kTruncated);

    // In front of the whole there is the fixed header alone: extension headers before the fragment header
    // were for the way, and have done their work.
    std::byte first[wire::Ipv6Header::kSize];
    wire::Ipv6Header whole_header = header;
    whole_header.next_header = piece.next_header;
    whole_header.emit(first);
    Fragment fragment;
    fragment.source = received.source;
    fragment.destination = received.destination;
    fragment.identification = piece.identification;
    fragment.offset = piece.offset;
    fragment.more = piece.more;
    fragment.header = first;
    fragment.payload = payload;
    const auto whole = reassembler_.add(now, fragment);
    if (!whole) return;

    const MutableBytes bytes = whole->bytes;
    const NetU16 length = std::uint16_t(bytes.size() - wire::Ipv6Header::kSize);
    wire::store(bytes.subspan(wire::Ipv6Header::kPayloadLengthPosition), length);
    received.datagram = bytes;
    received.owner = nullptr;
    received.reassembled = true;
    const auto type = std::to_integer<std::uint8_t>(bytes[wire::Ipv6Header::kNextHeaderPosition]);
    const auto rest = wire::walk_extensions(bytes, type, wire::Ipv6Header::kSize, true);
    if (!rest) return refuse(now, received, rest.error());
    hand_up(now, received, *rest);
}

}  // namespace holm::net::ip
