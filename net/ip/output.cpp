#include "net/ip/output.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "net/ip/layer.h"
#include "net/ip/output_parts.h"
#include "net/wire/ethernet.h"
#include "net/wire/ipv4.h"
#include "net/wire/ipv6.h"

namespace holm::net::ip {

namespace {

constexpr std::size_t kIpStart = wire::EthernetHeader::kSize;
// What may stand in front of the transport header.
constexpr std::size_t kMostBefore = kIpStart + wire::Ipv6Header::kSize + wire::Ipv6Fragment::kSize;

std::size_t ip_header_size(const Packet& packet) {
    return packet.destination.is_v4() ? wire::Ipv4Header::kSize : wire::Ipv6Header::kSize;
}

wire::Ipv4Header header_v4(const Packet& packet, std::size_t transport_length) {
    wire::Ipv4Header header;
    header.total_length = std::uint16_t(wire::Ipv4Header::kSize + transport_length);
    header.dont_fragment = packet.dont_fragment;
    header.ttl = packet.ttl;
    header.protocol = std::uint8_t(packet.protocol);
    header.traffic_class = packet.traffic_class;
    header.source = packet.source;
    header.destination = packet.destination;
    return header;
}

wire::Ipv6Header header_v6(const Packet& packet, std::size_t payload_length) {
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

TransmitResult Layer::send(Instant now, const Packet& packet, link::Urgency urgency, link::Interface* via) {
    assert(packet.header.size() <= kMaximumTransportHeader && packet.payload.size() <= kMaximumPayloadPieces);
    const bool v4 = packet.destination.is_v4();
    Hop hop = v4 ? next_hop(packet.destination, packet.source, via)
                 : next_hop_v6(packet.destination, packet.source, via);
    if (!hop.interface) {
        counters_.count(Drop::kNoRoute);
        return TransmitResult::kSent;
    }
    // RFC 1122, section 3.2.1.7, and RFC 1112, section 6.1: what may make no hop is for this host's members.
    if (packet.ttl == 0 && !hop.interface->is_loopback()) {
        if (!loops(packet, hop)) {
            counters_.count(Drop::kNoRoute);
            return TransmitResult::kSent;
        }
        hop.interface = loopback();
    }
    const DeviceCapabilities& device = hop.interface->capabilities();
    const std::size_t ip_header = ip_header_size(packet);
    const std::size_t payload = payload_size(packet);
    const std::size_t length = packet.header.size() + payload;
    const bool segmented = packet.segment_size != 0 && payload > packet.segment_size &&
                           (v4 ? device.tcp4_segmentation : device.tcp6_segmentation);
    const std::uint16_t link_mtu = v4 ? hop.interface->mtu() : hop.interface->mtu_v6();
    const std::size_t most = std::min(link_mtu, path_mtu_.find(packet.destination));
    // A packet that a transport will not have cut may be larger than what the way is known to carry: that is
    // how it probes, and no larger than the link.
    const std::size_t limit = packet.dont_fragment ? link_mtu : most;
    const bool fits = segmented || ip_header + length <= limit;
    if (length > kMaximumTransport || (!fits && packet.dont_fragment)) {
        counters_.count(Drop::kTooBig);
        return TransmitResult::kSent;
    }
    hop.loops = loops(packet, hop);
    // Who looks at packets on their way out cuts them behind that.
    const bool cut_later = !fits && is_looked_at(hop);
    if (!fits && !cut_later) return fragment(now, packet, hop, most, urgency);

    std::byte headers[kMostBefore + kMaximumTransportHeader];
    const std::size_t transport_start = kIpStart + ip_header;
    const MutableBytes whole = MutableBytes(headers).first(transport_start + packet.header.size());
    const MutableBytes transport = whole.subspan(transport_start);
    std::copy(packet.header.begin(), packet.header.end(), transport.begin());
    if (v4) {
        wire::Ipv4Header header = header_v4(packet, length);
        // What every path carries whole is sent whole, as Linux does: nobody could learn of a smaller one.
        if (header.total_length <= PathMtuCache::kSmallestV4) header.dont_fragment = true;
        // An atomic datagram needs no identification (RFC 6864); the device counts up from here when it
        // segments.
        if (!header.dont_fragment) header.identification = std::uint16_t(next_identification(packet));
        header.emit(whole.subspan(kIpStart));
    } else {
        header_v6(packet, length).emit(whole.subspan(kIpStart));
    }

    Offload offload;
    prepare_checksum(packet, transport, length, transport_start, device.checksum && !cut_later, offload);
    if (segmented) {
        offload.segmentation = v4 ? Segmentation::kTcp4 : Segmentation::kTcp6;
        offload.segment_size = packet.segment_size;
        offload.header_length = std::uint16_t(whole.size());
    }

    if (packet.progress && !hop.group) hop.interface->confirm(now, hop.address);
    Bytes pieces[1 + kMaximumPayloadPieces];
    pieces[0] = whole;
    std::copy(packet.payload.begin(), packet.payload.end(), pieces + 1);
    return put(now, hop, whole, std::span<const Bytes>(pieces, 1 + packet.payload.size()), offload, urgency,
               cut_later ? most : 0);
}

TransmitResult Layer::put(Instant now, const Hop& hop, MutableBytes headers, std::span<const Bytes> pieces,
                          const Offload& offload, link::Urgency urgency, std::size_t most) {
    if (is_looked_at(hop))
        if (const auto dealt =
                forwarder_->output(now, *hop.interface, hop.address, headers, pieces, offload, most))
            return *dealt;
    if (hop.group) {
        const std::uint16_t type = hop.address.is_v4() ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6;
        const MacAddress mac = wire::group_mac(hop.address);
        const auto result = hop.interface->send_to_group(mac, type, headers, pieces, offload, urgency);
        if (hop.loops && result == TransmitResult::kSent)
            (void)loopback()->send_to_group(mac, type, headers, pieces, offload, link::Urgency::kNow);
        return result;
    }
    return hop.interface->send(now, hop.address, headers, pieces, offload, urgency);
}

TransmitResult Layer::put_fragment(Instant now, const Hop& hop, MutableBytes headers,
                                   std::span<const Bytes> pieces, bool first, link::Urgency& urgency) {
    const auto result = put(now, hop, headers, pieces, {}, urgency);
    if (result != TransmitResult::kFull || first) return result;
    // Once the first fragment has gone, the others follow through the queue: half a datagram helps nobody.
    urgency = link::Urgency::kDeferred;
    return put(now, hop, headers, pieces, {}, urgency);
}

TransmitResult Layer::fragment(Instant now, const Packet& packet, const Hop& hop, std::size_t mtu,
                               link::Urgency urgency) {
    std::byte transport[kMaximumTransportHeader];
    const auto first = MutableBytes(transport).first(packet.header.size());
    std::copy(packet.header.begin(), packet.header.end(), first.begin());
    const std::size_t length = packet.header.size() + payload_size(packet);
    complete_checksum(packet, first, length);
    DatagramCutter cutter(first, packet.payload);

    const bool v4 = packet.destination.is_v4();
    const std::uint32_t identification = next_identification(packet);
    const std::size_t before = ip_header_size(packet) + (v4 ? 0 : wire::Ipv6Fragment::kSize);
    const std::size_t room = (mtu - before) & ~std::size_t{7};
    for (std::size_t offset = 0; offset < length; offset += room) {
        const std::size_t size = std::min(room, length - offset);
        const bool more = offset + size < length;
        std::byte memory[kMostBefore];
        const MutableBytes headers = MutableBytes(memory).first(kIpStart + before);
        if (v4) {
            wire::Ipv4Header header = header_v4(packet, size);
            header.identification = std::uint16_t(identification);
            header.fragment_offset = std::uint16_t(offset);
            header.more_fragments = more;
            header.emit(headers.subspan(kIpStart));
        } else {
            wire::Ipv6Header header = header_v6(packet, wire::Ipv6Fragment::kSize + size);
            header.next_header = wire::kFragment;
            header.emit(headers.subspan(kIpStart));
            wire::Ipv6Fragment{std::uint8_t(packet.protocol), more, std::uint16_t(offset), identification}
                .emit(headers.last(wire::Ipv6Fragment::kSize));
        }
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

std::uint64_t Layer::flow_hash(const Packet& packet) const {
    struct {
        std::array<std::uint8_t, 16> source, destination;
        std::uint64_t protocol;
    } const flow{packet.source.bytes(), packet.destination.bytes(), std::uint64_t(packet.protocol)};
    return siphash(key_, std::as_bytes(std::span(&flow, 1)));
}

// RFC 7739, section 5.3: counters chosen by a keyed hash of the addresses.
std::uint32_t Layer::next_identification(const Packet& packet) {
    const std::uint64_t hash = flow_hash(packet);
    return std::uint32_t(hash >> 16) + identifications_[hash % identifications_.size()]++;
}

link::Interface* Layer::loopback() const {
    for (link::Interface* interface : interfaces())
        if (interface->is_loopback()) return interface;
    return nullptr;
}

link::Interface* Layer::interface_of(const IpAddress& own) const {
    for (link::Interface* interface : interfaces())
        if (interface->is_own(own)) return interface;
    return nullptr;
}

Layer::Hop Layer::next_hop(const IpAddress& destination, const IpAddress& source,
                           link::Interface* via) const {
    if (!destination.is_v4() || destination.is_unspecified()) return {};
    if (via) return {via, destination, is_group(destination)};
    if (is_own(destination)) return {loopback(), destination, false};
    if (destination.is_multicast() || destination.is_limited_broadcast()) {
        link::Interface* chosen = interface_for_group(destination, source);
        for (link::Interface* interface : interfaces())
            if (!chosen && destination.zone() == 0 && !interface->is_loopback() &&
                !interface->address().is_unspecified())
                chosen = interface;
        return {chosen, destination.without_zone(), true};
    }
    return hop_by_routes(destination);
}

link::Interface* Layer::interface_numbered(std::uint8_t zone) const {
    return zone > 0 && zone <= interface_count_ ? interfaces_[zone - 1u] : nullptr;
}

// RFC 1112, section 6.4; what leaves by the loopback interface comes back anyhow.
bool Layer::loops(const Packet& packet, const Hop& hop) const {
    return hop.group && packet.to_own_members && !hop.interface->is_loopback() &&
           hop.address.is_multicast() && hop.interface->listens(hop.address);
}

Layer::Hop Layer::hop_by_routes(const IpAddress& destination) const {
    if (forwarder_)
        if (const auto way = forwarder_->way_to(destination))
            return {way->interface, way->next_hop, way->interface->is_broadcast(way->next_hop)};
    const RouteEntry* entry = routes_.find(destination);
    if (!entry) return {};
    if (!entry->gateway.is_unspecified()) return {entry->interface, entry->gateway, false};
    return {entry->interface, destination, entry->interface->is_broadcast(destination)};
}

Result<Route> Layer::route(const IpAddress& destination, const IpAddress& source) const {
    if (!source.is_unspecified() && !is_own(source))
        return fail(ErrorCode::kAddressUnavailable, "the source address is not one of ours");
    const bool v4 = destination.is_v4();
    if (!source.is_unspecified() && source.is_v4() != v4)
        return fail(ErrorCode::kAddressUnavailable, "the source address is of the other family");
    const Hop hop = v4 ? next_hop(destination, source, nullptr) : next_hop_v6(destination, source, nullptr);
    if (!hop.interface) return fail(ErrorCode::kNetworkUnreachable, "no route to the destination");
    if (hop.interface->gone()) return fail(ErrorCode::kNetworkDown, "the network device has vanished");
    Route route;
    route.source = source;
    if (destination.needs_zone()) route.zone = hop.address.zone();
    if (source.is_unspecified()) {
        route.source = !v4                                          ? source_v6(hop, destination)
                       : hop.interface->is_loopback() && !hop.group ? destination
                                                                    : hop.interface->address();
        if (route.source.is_unspecified())
            return fail(ErrorCode::kAddressUnavailable, "the interface has no address yet");
    }
    route.mtu = std::min(v4 ? hop.interface->mtu() : hop.interface->mtu_v6(), path_mtu_.find(destination));
    route.checksum = hop.interface->capabilities().checksum;
    route.receive_limit = hop.interface->capabilities().receive_limit;
    const DeviceCapabilities& device = hop.interface->capabilities();
    route.segmentation = v4 ? device.tcp4_segmentation : device.tcp6_segmentation;
    return route;
}

}  // namespace holm::net::ip
