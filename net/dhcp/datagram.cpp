#include "net/dhcp/datagram.h"

#include "net/ip/pseudo_header.h"
#include "net/wire/udp.h"

namespace holm::net::dhcp {

std::optional<Arrival> open_datagram(std::uint16_t port, const ip::Received& received, Bytes datagram,
                                     Counters& counters) {
    const auto header = wire::UdpHeader::parse(datagram);
    if (!header || header->destination_port != port) return std::nullopt;
    datagram = datagram.first(header->length);
    Arrival arrival{.source_port = header->source_port, .has_checksum = header->has_checksum, .message = {}};
    const bool needs_look = !received.checksum_verified && header->has_checksum;
    if (needs_look &&
        !ip::pseudo_header(received.source, received.destination, ip::Protocol::kUdp, datagram.size())
             .add(datagram)
             .is_correct())
        counters.count(Drop::kBadChecksum);
    else
        arrival.message = datagram.subspan(wire::UdpHeader::kSize);
    return arrival;
}

void send_datagram(Instant now, ip::Layer& ip, const Departure& out) {
    std::byte header[wire::UdpHeader::kSize];
    wire::UdpHeader{out.source_port, out.destination_port, std::uint16_t(sizeof(header) + out.message.size())}
        .emit(header);
    ip::Packet packet;
    packet.protocol = ip::Protocol::kUdp;
    packet.source = out.source;
    packet.destination = out.destination;
    packet.header = header;
    packet.checksum_offset = wire::UdpHeader::kChecksumOffset;
    packet.payload = {&out.message, 1};
    packet.dont_fragment = false;
    packet.ttl = out.ttl;
    ip.send(now, packet, link::Urgency::kDeferred, out.via);
}

}  // namespace holm::net::dhcp
