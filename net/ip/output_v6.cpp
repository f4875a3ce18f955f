// IPv6 on its way out: the next hop, the source address, the header, fragments (RFC 8200; RFC 4007 for
// zones).

#include <algorithm>

#include "net/ip/address_selection.h"
#include "net/ip/layer.h"
#include "net/ip/output_parts.h"
#include "net/wire/ethernet.h"
#include "net/wire/ipv6.h"

namespace holm::net::ip {

namespace {

constexpr std::size_t kIpStart = wire::EthernetHeader::kSize;
constexpr std::size_t kTransportStart = kIpStart + wire::Ipv6Header::kSize;

wire::Ipv6Header ip_header(const Packet& packet, std::size_t payload_length) {
    wire::Ipv6Header header;
    header.payload_length = std::uint16_t(payload_length);
    header.next_header = std::uint8_t(packet.protocol);
    header.hop_limit = packet.ttl;
    header.traffic_class = packet.traffic_class;
    header.source = packet.source;
    header.destination = packet.destination;
    return header;
}

}  // namespace

link::Interface* Layer::interface_in(const IpAddress& scoped) const {
    link::Interface* only = nullptr;
    for (link::Interface* interface : interfaces()) {
        if (interface->is_loopback() || !interface->ipv6().running()) continue;
        if (interface->zone() == scoped.zone()) return interface;
        // Without a zone there must be no choice.
        if (scoped.zone() == 0) {
            if (only) return nullptr;
            only = interface;
        }
    }
    return only;
}

Layer::Hop Layer::next_hop_v6(const IpAddress& destination, const IpAddress& source,
                              link::Interface* via) const {
    if (destination.is_unspecified()) return {};
    const bool group = destination.is_multicast();
    if (via) return {via, destination, group};
    if (is_own(destination)) return {loopback(), destination, false};
    // Groups of interface scope never leave this host (RFC 4291, section 2.7).
    if (group && (destination.bytes()[1] & 0xf) == 1)
        return {loopback(), destination.with_zone(loopback()->zone()), true};
    if (destination.needs_zone()) {
        link::Interface* interface = interface_in(destination);
        if (!interface) return {};
        const IpAddress there = destination.with_zone(interface->zone());
        if (is_own(there)) return {loopback(), there, false};
        return {interface, there, group};
    }
    if (group) {
        link::Interface* chosen = interface_for_group(destination, source);
        if (!chosen) chosen = interface_in({});
        return {chosen, destination.without_zone(), true};
    }
    return hop_by_routes(destination);
}

IpAddress Layer::source_v6(const Hop& hop, const IpAddress& destination) const {
    if (hop.interface->is_loopback()) return hop.group ? IpAddress::loopback_v6() : hop.address;
    const ndp::Address* source = select_source(hop.interface->ipv6().addresses(), destination, seen_);
    return source ? source->address : IpAddress();
}

TransmitResult Layer::send_v6(Instant now, const Packet& packet, link::Urgency urgency,
                              link::Interface* via) {
    Hop hop = next_hop_v6(packet.destination, packet.source, via);
    if (!hop.interface) {
        counters_.count(Drop::kNoRoute);
        return TransmitResult::kSent;
    }
    const DeviceCapabilities& device = hop.interface->capabilities();
    const std::size_t payload = payload_size(packet);
    const std::size_t length = packet.header.size() + payload;
    const bool segmented =
        packet.segment_size != 0 && payload > packet.segment_size && device.tcp6_segmentation;
    const std::size_t most = std::min(hop.interface->mtu_v6(), path_mtu_.find(packet.destination));
    // A packet that a transport will not have cut may be larger than what the way is known to carry: that is
    // how it probes, and no larger than the link.
    const std::size_t limit = packet.dont_fragment ? hop.interface->mtu_v6() : most;
    const bool fits = segmented || wire::Ipv6Header::kSize + length <= limit;
    if (length > kMaximumTransport || (!fits && packet.dont_fragment)) {
        counters_.count(Drop::kTooBig);
        return TransmitResult::kSent;
    }
    hop.loops = loops(packet, hop);
    // Who looks at packets on their way out cuts them behind that.
    const bool cut_later = !fits && is_looked_at(hop);
    if (!fits && !cut_later) return fragment_v6(now, packet, hop, most, urgency);

    std::byte headers[kTransportStart + kMaximumTransportHeader];
    const std::size_t headers_size = kTransportStart + packet.header.size();
    const auto transport = MutableBytes(headers).subspan(kTransportStart, packet.header.size());
    std::copy(packet.header.begin(), packet.header.end(), transport.begin());
    ip_header(packet, length).emit(MutableBytes(headers).subspan(kIpStart));

    Offload offload;
    prepare_checksum(packet, transport, length, kTransportStart, device.checksum && !cut_later, offload);
    if (segmented) {
        offload.segmentation = Segmentation::kTcp6;
        offload.segment_size = packet.segment_size;
        offload.header_length = std::uint16_t(headers_size);
    }
    if (packet.progress && !hop.group) hop.interface->confirm(now, hop.address);
    Bytes pieces[1 + kMaximumPayloadPieces];
    pieces[0] = Bytes(headers).first(headers_size);
    std::copy(packet.payload.begin(), packet.payload.end(), pieces + 1);
    return put(now, hop, MutableBytes(headers).first(headers_size),
               std::span<const Bytes>(pieces, 1 + packet.payload.size()), offload, urgency,
               cut_later ? most : 0);
}

TransmitResult Layer::fragment_v6(Instant now, const Packet& packet, const Hop& hop, std::size_t mtu,
                                  link::Urgency urgency) {
    std::byte transport[kMaximumTransportHeader];
    const auto first = MutableBytes(transport).first(packet.header.size());
    std::copy(packet.header.begin(), packet.header.end(), first.begin());
    const std::size_t length = packet.header.size() + payload_size(packet);
    complete_checksum(packet, first, length);
    DatagramCutter cutter(first, packet.payload);

    wire::Ipv6Fragment piece;
    piece.next_header = std::uint8_t(packet.protocol);
    piece.identification = next_identification_v6(packet);
    const std::size_t room = (mtu - wire::Ipv6Header::kSize - wire::Ipv6Fragment::kSize) & ~std::size_t{7};
    for (std::size_t offset = 0; offset < length; offset += room) {
        const std::size_t size = std::min(room, length - offset);
        piece.offset = std::uint16_t(offset);
        piece.more = offset + size < length;
        std::byte headers[kTransportStart + wire::Ipv6Fragment::kSize];
        wire::Ipv6Header header = ip_header(packet, wire::Ipv6Fragment::kSize + size);
        header.next_header = wire::kFragment;
        header.emit(MutableBytes(headers).subspan(kIpStart));
        piece.emit(MutableBytes(headers).subspan(kTransportStart));

        Bytes pieces[2 + kMaximumPayloadPieces];
        pieces[0] = headers;
        const std::size_t count = cutter.cut(size, pieces, 1);
        if (const auto result =
                put_fragment(now, hop, headers, std::span<const Bytes>(pieces, count), offset == 0, urgency);
            result != TransmitResult::kSent)
            return result;
    }
    return TransmitResult::kSent;
}

// RFC 7739, section 5.3: counters chosen by a keyed hash of the addresses.
std::uint32_t Layer::next_identification_v6(const Packet& packet) {
    const std::uint64_t hash = flow_hash(packet);
    return std::uint32_t(hash >> 16) + identifications_v6_[hash % identifications_v6_.size()]++;
}

}  // namespace holm::net::ip
