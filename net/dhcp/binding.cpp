#include "net/dhcp/binding.h"

#include "net/ip/pseudo_header.h"
#include "net/wire/udp.h"

namespace holm::net::dhcp {

void Binding::start(Instant now) {
    interface_.set_configuring(true);
    client_.start(now);
}

bool Binding::receive(Instant now, const ip::Received& received, Bytes datagram, Counters& counters) {
    const auto header = wire::UdpHeader::parse(datagram);
    if (!header || header->destination_port != wire::kDhcpClientPort) return false;
    datagram = datagram.first(header->length);
    if (header->has_checksum && !received.checksum_verified &&
        !ip::pseudo_header(received.source, received.destination, ip::Protocol::kUdp, datagram.size())
             .add(datagram)
             .is_correct()) {
        counters.count(Drop::kBadChecksum);
        return true;
    }
    if (header->source_port != wire::kDhcpServerPort ||
        !client_.receive(now, datagram.subspan(wire::UdpHeader::kSize)))
        counters.count(Drop::kUnsolicited);
    return true;
}

bool Binding::transmit(Instant now, ip::Layer& ip) {
    // Section 4.4.1: an address that somebody else uses is given back.
    if (client_.lease() && interface_.address_state() == link::AddressGuard::State::kConflict)
        client_.decline(now);
    while (const auto out = client_.due(now)) send(now, ip, *out);
    return std::exchange(changes_seen_, client_.changes()) != client_.changes();
}

void Binding::release(Instant now, ip::Layer& ip) {
    if (const auto out = client_.release()) send(now, ip, *out);
    changes_seen_ = client_.changes();
}

void Binding::send(Instant now, ip::Layer& ip, const Client::Outgoing& out) {
    std::byte message[wire::DhcpRequest::kMaximumSize];
    out.message.emit(message);
    std::byte header[wire::UdpHeader::kSize];
    wire::UdpHeader{wire::kDhcpClientPort, wire::kDhcpServerPort, sizeof(header) + sizeof(message)}.emit(
        header);
    const Bytes payload(message);
    ip::Packet packet;
    packet.protocol = ip::Protocol::kUdp;
    packet.source = out.message.current;
    packet.destination = out.to.value_or(IpAddress::v4(0xffffffff));
    packet.header = header;
    packet.checksum_offset = wire::UdpHeader::kChecksumOffset;
    packet.payload = {&payload, 1};
    packet.dont_fragment = false;
    ip.send(now, packet, link::Urgency::kDeferred, out.to ? nullptr : &interface_);
}

}  // namespace holm::net::dhcp
