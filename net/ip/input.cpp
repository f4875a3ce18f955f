#include "net/ip/input.h"

#include "net/ip/layer.h"
#include "net/wire/ethernet.h"
#include "net/wire/ipv4.h"

namespace holm::net::ip {

void Layer::receive(Instant now, link::Interface& from, Bytes packet, const Offload& offload, bool link_group,
                    BufferOwner* owner) {
    const auto parsed = wire::Ipv4Header::parse(packet);
    if (!parsed) return counters_.count(parsed.error());
    const wire::Ipv4Header& header = *parsed;
    packet = packet.first(header.total_length);

    link::Interface* interface = &from;
    bool group = link_group, while_configuring = false;
    if (is_own(header.destination)) {
        // RFC 1122, section 3.3.6: a broadcast frame with a unicast address is not for anybody.
        if (link_group) return counters_.count(Drop::kNotForUs);
        // 127/8 stays inside (section 3.2.1.3 (g)).
        if (header.destination.is_loopback() && !from.is_loopback()) return counters_.count(Drop::kBadSource);
    } else if (is_group(header.destination)) {
        interface = interface_of_group(from, header.source);
        if (!interface || (header.destination.is_multicast() && !interface->listens(header.destination)))
            return counters_.count(Drop::kNotForUs);
        group = true;
    } else if (from.configuring() && Protocol(header.protocol) == Protocol::kUdp) {
        while_configuring = true;
    } else {
        return counters_.count(Drop::kNotForUs);
    }

    // Section 3.2.1.3: a source address that no other host may have.
    if (!from.is_loopback() && (header.source.is_loopback() || is_own(header.source)))
        return counters_.count(Drop::kBadSource);
    if (header.source.is_unspecified() || is_group(header.source) || header.source.to_v4() >> 28 == 0xf)
        return counters_.count(Drop::kBadSource);

    const Bytes payload = packet.subspan(header.header_length);
    Received received;
    received.source = header.source;
    received.destination = header.destination;
    received.to_group = group;
    received.ttl = header.ttl;
    received.traffic_class = header.traffic_class;
    received.interface = interface;
    received.zone = interface->zone();
    received.datagram = packet;
    received.while_configuring = while_configuring;
    if (header.is_fragment()) {
        const auto whole = reassembler_.add(now, header, packet);
        if (!whole) return;
        received.datagram = whole->bytes;
        received.reassembled = true;
        return upper_.deliver(now, Protocol(header.protocol), received,
                              whole->bytes.subspan(whole->header_length));
    }
    received.checksum_verified =
        offload.checksum_valid ||
        (offload.needs_checksum &&
         offload.checksum_start == wire::EthernetHeader::kSize + header.header_length);
    received.segment_size = offload.coalesced();
    received.owner = owner;
    upper_.deliver(now, Protocol(header.protocol), received, payload);
}

void Layer::expire(Instant now) {
    seen_ = now;
    path_mtu_.expire(now);
    while (const auto beginning = reassembler_.expire(now)) {
        Received received;
        received.source = beginning->source;
        received.destination = beginning->destination;
        received.to_group = is_group(beginning->destination);
        received.datagram = beginning->bytes;
        upper_.reassembly_failed(now, received);
    }
}

bool Layer::is_own(const IpAddress& address) const {
    if (address.is_loopback()) return true;
    for (const link::Interface* interface : interfaces())
        if (interface->is_own(address)) return true;
    return false;
}

bool Layer::is_group(const IpAddress& address) const {
    if (address.is_multicast() || address.is_limited_broadcast()) return true;
    for (const link::Interface* interface : interfaces())
        if (interface->is_broadcast(address)) return true;
    return false;
}

void Layer::unresolved(Instant now, const IpAddress& next_hop, Bytes packet) {
    routes_.gateway_failed(next_hop);
    if (forwarder_ && forwarder_->unresolved(now, packet)) return;
    if (!packet.empty() && std::to_integer<unsigned>(packet[0]) >> 4 == 6) return unresolved_v6(now, packet);
    const auto header = wire::Ipv4Header::parse(packet);
    if (!header || header->fragment_offset != 0) return;
    ErrorReport error;
    error.kind = ErrorKind::kHostUnreachable;
    error.source = header->source;
    error.destination = header->destination;
    error.transport = packet.subspan(header->header_length);
    if (error.transport.size() >= 8) upper_.report(now, Protocol(header->protocol), error);
}

}  // namespace holm::net::ip
