// What a router does for the hosts of its networks: addresses by DHCP, router advertisements.

#include <algorithm>
#include <new>
#include <utility>

#include "net/ip/pseudo_header.h"
#include "net/wire/ethernet.h"
#include "net/wire/icmpv6.h"
#include "net/wire/ipv4.h"
#include "net/wire/udp.h"
#include "services/route/router.h"

namespace holm::route {

using net::IpAddress;
using packet::Packet;

Result<> Router::start_services(Instant now, Port& port, const InterfaceRecord& record) {
    net::Interface& interface = *port.interface;
    if (const auto server = table_.dhcp_servers().at(record.dhcp_server);
        server && !interface.address().is_unspecified()) {
        port.dhcp.reset(new (std::nothrow) DhcpServer(*server, table_, interface.address(),
                                                      interface.prefix_length(), key_));
        if (!port.dhcp) return fail(ErrorCode::kOutOfMemory, "no memory for a DHCP server");
    }
    if (const auto advertisement = table_.advertisements().at(record.advertisement);
        advertisement && interface.ipv6().running()) {
        const SipHashKey key{random_.next(), random_.next()};
        port.advertiser.reset(new (std::nothrow) Advertiser(now, *advertisement, table_, interface, key));
        if (!port.advertiser) return fail(ErrorCode::kOutOfMemory, "no memory for router advertisements");
        advertise_at_ = now;
    }
    return {};
}

bool Router::serve(const Errand& errand, Port& port, const Packet& packet) {
    if (packet.is_fragment()) return false;
    if (port.dhcp && packet.is_v4() && packet.has_ports() && packet.protocol() == packet::kUdp &&
        packet.destination_port() == net::wire::kDhcpServerPort) {
        serve_dhcp(errand.now, port, packet);
        return true;
    }
    if (!port.advertiser || packet.is_v4() || !packet.has_transport() ||
        packet.protocol() != packet::kIcmpv6 ||
        packet.icmp_type() != std::uint8_t(net::wire::Icmpv6Type::kRouterSolicitation))
        return false;
    if (packet.transport_checksum_ok())
        port.advertiser->hear(errand.now, packet.transport(), packet.hop_limit());
    advertise_at_ = std::min(advertise_at_, port.advertiser->next_deadline());
    return true;
}

void Router::serve_dhcp(Instant now, Port& port, const Packet& packet) {
    const auto datagram = net::wire::UdpHeader::parse(packet.transport());
    if (!datagram || !packet.transport_checksum_ok()) return;
    constexpr std::size_t kIp = net::wire::EthernetHeader::kSize;
    constexpr std::size_t kUdp = kIp + net::wire::Ipv4Header::kSize;
    constexpr std::size_t kMessage = kUdp + net::wire::UdpHeader::kSize;
    std::array<std::byte, kMessage + net::wire::DhcpAnswer::kMaximumSize> bytes;
    const Bytes message =
        Bytes(packet.transport()).first(datagram->length).subspan(net::wire::UdpHeader::kSize);
    const auto answer = port.dhcp->receive(now, message, MutableBytes(bytes).subspan(kMessage));
    if (!answer) return;

    const MutableBytes frame = MutableBytes(bytes).first(kMessage + answer->size);
    net::wire::Ipv4Header header;
    header.total_length = std::uint16_t(frame.size() - kIp);
    header.protocol = packet::kUdp;
    header.source = port.interface->address();
    header.destination = answer->broadcast ? IpAddress::v4(0xffff'ffff) : answer->address;
    header.emit(frame.subspan(kIp));
    const MutableBytes udp = frame.subspan(kUdp);
    net::wire::UdpHeader{net::wire::kDhcpServerPort, net::wire::kDhcpClientPort, std::uint16_t(udp.size())}
        .emit(udp);
    const std::uint16_t sum =
        net::ip::pseudo_header(header.source, header.destination, net::ip::Protocol::kUdp, udp.size())
            .add(udp)
            .value();
    net::wire::store(udp.subspan(net::wire::UdpHeader::kChecksumOffset),
                     NetU16(sum == 0 ? std::uint16_t{0xffff} : sum));
    // To the client's own MAC: it need not answer ARP before it has an address.
    const net::MacAddress mac = answer->broadcast ? net::MacAddress::broadcast() : answer->mac;
    const Bytes piece = frame;
    port.interface->send_to_group(mac, net::wire::kEtherTypeIpv4, frame, {&piece, 1}, {},
                                  net::link::Urgency::kDeferred);
}

void Router::leave(Instant now) {
    for (Port& port : ports_)
        if (const auto advertiser = std::move(port.advertiser)) advertiser->leave(now);
    advertise_at_ = Instant::never();
}

void Router::run_advertisers(Instant now) {
    advertise_at_ = Instant::never();
    for (const Port& port : ports_) {
        if (!port.advertiser) continue;
        port.advertiser->transmit(now);
        advertise_at_ = std::min(advertise_at_, port.advertiser->next_deadline());
    }
}

}  // namespace holm::route
