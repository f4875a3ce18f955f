#include "net/ip/output.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/network_order.h"
#include "net/ip/layer.h"
#include "net/ip/pseudo_header.h"
#include "net/wire/ethernet.h"
#include "net/wire/ipv4.h"

namespace holm::net::ip {

namespace {

constexpr std::size_t kIpStart = wire::EthernetHeader::kSize;
constexpr std::size_t kTransportStart = kIpStart + wire::Ipv4Header::kSize;

// RFC 1112, section 6.4: the low 23 bits of the group.
MacAddress group_mac(const IpAddress& group) {
    if (!group.is_multicast()) return MacAddress::broadcast();
    const std::uint32_t bits = group.to_v4();
    return {{0x01, 0x00, 0x5e, std::uint8_t(bits >> 16 & 0x7f), std::uint8_t(bits >> 8), std::uint8_t(bits)}};
}

std::size_t payload_size(const Packet& packet) {
    std::size_t size = 0;
    for (const Bytes piece : packet.payload) size += piece.size();
    return size;
}

// ICMP for IPv4 covers no pseudo header.
InternetChecksum pseudo_sum(const Packet& packet, std::size_t length) {
    if (packet.protocol == Protocol::kIcmp) return {};
    return pseudo_header(packet.source, packet.destination, packet.protocol, length);
}

void store_checksum(const Packet& packet, MutableBytes header, std::uint16_t value) {
    const NetU16 field = value;
    std::memcpy(header.data() + packet.checksum_offset, &field, sizeof(field));
}

// The whole checksum, in software.
void complete_checksum(const Packet& packet, MutableBytes header, std::size_t length) {
    InternetChecksum checksum = pseudo_sum(packet, length);
    checksum.add(header);
    for (const Bytes piece : packet.payload) checksum.add(piece);
    std::uint16_t value = checksum.value();
    if (value == 0 && packet.protocol == Protocol::kUdp) value = 0xffff;  // RFC 768: zero means "none"
    store_checksum(packet, header, value);
}

wire::Ipv4Header ip_header(const Packet& packet, std::size_t transport_length) {
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

}  // namespace

TransmitResult Layer::send(Instant now, const Packet& packet, link::Urgency urgency, link::Interface* via) {
    assert(packet.header.size() <= kMaximumTransportHeader && packet.payload.size() <= kMaximumPayloadPieces);
    const Hop hop = next_hop(packet.destination, packet.source, via);
    if (!hop.interface) {
        counters_.count(Drop::kNoRoute);
        return TransmitResult::kSent;
    }
    const DeviceCapabilities& device = hop.interface->capabilities();
    const std::size_t payload = payload_size(packet);
    const std::size_t length = packet.header.size() + payload;
    const bool segmented =
        packet.segment_size != 0 && payload > packet.segment_size && device.tcp4_segmentation;
    const bool fits = segmented || wire::Ipv4Header::kSize + length <= hop.interface->mtu();
    if (length > kMaximumTransport || (!fits && packet.dont_fragment)) {
        counters_.count(Drop::kTooBig);
        return TransmitResult::kSent;
    }
    if (!fits) return fragment(now, packet, hop, urgency);

    std::byte headers[kTransportStart + kMaximumTransportHeader];
    const std::size_t headers_size = kTransportStart + packet.header.size();
    const auto transport = MutableBytes(headers).subspan(kTransportStart, packet.header.size());
    std::copy(packet.header.begin(), packet.header.end(), transport.begin());

    wire::Ipv4Header header = ip_header(packet, length);
    // An atomic datagram needs no identification (RFC 6864); the device counts up from here when it segments.
    if (!packet.dont_fragment) header.identification = next_identification(packet);
    header.emit(MutableBytes(headers).subspan(kIpStart));

    Offload offload;
    if (device.checksum) {
        offload.needs_checksum = true;
        offload.checksum_start = kTransportStart;
        offload.checksum_offset = packet.checksum_offset;
        store_checksum(packet, transport, pseudo_sum(packet, length).sum());
    } else {
        complete_checksum(packet, transport, length);
    }
    if (segmented) {
        offload.segmentation = Segmentation::kTcp4;
        offload.segment_size = packet.segment_size;
        offload.header_length = std::uint16_t(headers_size);
    }

    Bytes pieces[1 + kMaximumPayloadPieces];
    pieces[0] = Bytes(headers).first(headers_size);
    std::copy(packet.payload.begin(), packet.payload.end(), pieces + 1);
    return put(now, hop, MutableBytes(headers).first(headers_size),
               std::span<const Bytes>(pieces, 1 + packet.payload.size()), offload, urgency);
}

TransmitResult Layer::put(Instant now, const Hop& hop, MutableBytes headers, std::span<const Bytes> pieces,
                          const Offload& offload, link::Urgency urgency) {
    if (hop.group)
        return hop.interface->send_to_group(group_mac(hop.address), headers, pieces, offload, urgency);
    return hop.interface->send(now, hop.address, headers, pieces, offload, urgency);
}

TransmitResult Layer::fragment(Instant now, const Packet& packet, const Hop& hop, link::Urgency urgency) {
    std::byte transport[kMaximumTransportHeader];
    const auto first = MutableBytes(transport).first(packet.header.size());
    std::copy(packet.header.begin(), packet.header.end(), first.begin());
    const std::size_t length = packet.header.size() + payload_size(packet);
    complete_checksum(packet, first, length);

    // The datagram as pieces, and a cursor into it: `rest` is what is left of the piece at `at`.
    Bytes whole[1 + kMaximumPayloadPieces];
    whole[0] = first;
    std::copy(packet.payload.begin(), packet.payload.end(), whole + 1);
    std::size_t at = 0;
    Bytes rest = whole[0];

    wire::Ipv4Header header = ip_header(packet, 0);
    header.identification = next_identification(packet);
    const std::size_t room = (hop.interface->mtu() - wire::Ipv4Header::kSize) & ~std::size_t{7};
    for (std::size_t offset = 0; offset < length; offset += room) {
        std::size_t left = std::min(room, length - offset);
        header.fragment_offset = std::uint16_t(offset);
        header.more_fragments = offset + left < length;
        header.total_length = std::uint16_t(wire::Ipv4Header::kSize + left);

        std::byte headers[kTransportStart];
        header.emit(MutableBytes(headers).subspan(kIpStart));
        Bytes pieces[2 + kMaximumPayloadPieces];
        std::size_t count = 0;
        pieces[count++] = headers;
        while (left > 0) {
            if (rest.empty()) {
                rest = whole[++at];
                continue;
            }
            const Bytes part = rest.first(std::min(left, rest.size()));
            pieces[count++] = part;
            rest = rest.subspan(part.size());
            left -= part.size();
        }
        // Once the first fragment has gone, the others follow through the queue: half a datagram helps
        // nobody.
        const auto result = put(now, hop, headers, std::span<const Bytes>(pieces, count), {}, urgency);
        if (result == TransmitResult::kFull && offset > 0) {
            urgency = link::Urgency::kDeferred;
            put(now, hop, headers, std::span<const Bytes>(pieces, count), {}, urgency);
        } else if (result != TransmitResult::kSent) {
            return result;
        }
    }
    return TransmitResult::kSent;
}

std::uint16_t Layer::next_identification(const Packet& packet) {
    struct {
        std::array<std::uint8_t, 16> source, destination;
        std::uint64_t protocol;
    } const flow{packet.source.bytes(), packet.destination.bytes(), std::uint64_t(packet.protocol)};
    const std::uint64_t hash = siphash(key_, std::as_bytes(std::span(&flow, 1)));
    return std::uint16_t((hash >> 16) + identifications_[hash % identifications_.size()]++);
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
    // A source that was chosen says which link a group is meant on; else the default route does.
    if (destination.is_multicast() || destination.is_limited_broadcast()) {
        link::Interface* chosen = source.is_unspecified() ? nullptr : interface_of(source);
        if (!chosen) {
            const RouteEntry* entry = routes_.find(destination);
            if (entry) chosen = entry->interface;
        }
        for (link::Interface* interface : interfaces())
            if (!chosen && !interface->is_loopback() && !interface->address().is_unspecified())
                chosen = interface;
        return {chosen, destination, true};
    }
    const RouteEntry* entry = routes_.find(destination);
    if (!entry) return {};
    if (!entry->gateway.is_unspecified()) return {entry->interface, entry->gateway, false};
    return {entry->interface, destination, entry->interface->is_broadcast(destination)};
}

Result<Route> Layer::route(const IpAddress& destination, const IpAddress& source) const {
    if (!source.is_unspecified() && !is_own(source))
        return fail(ErrorCode::kAddressUnavailable, "the source address is not one of ours");
    const Hop hop = next_hop(destination, source, nullptr);
    if (!hop.interface) return fail(ErrorCode::kNetworkUnreachable, "no route to the destination");
    if (hop.interface->gone()) return fail(ErrorCode::kNetworkDown, "the network device has vanished");
    Route route;
    route.source = source;
    if (source.is_unspecified()) {
        route.source = hop.interface->is_loopback() ? destination : hop.interface->address();
        if (route.source.is_unspecified())
            return fail(ErrorCode::kAddressUnavailable, "the interface has no address yet");
    }
    route.mtu = hop.interface->mtu();
    route.checksum = hop.interface->capabilities().checksum;
    route.receive_limit = hop.interface->capabilities().receive_limit;
    route.segmentation = hop.interface->capabilities().tcp4_segmentation;
    return route;
}

}  // namespace holm::net::ip
