#pragma once

// Packets for tests of a router of IPv4, and what it tells their senders.

#include <doctest/doctest.h>

#include "net/wire/icmpv4.h"
#include "tests/support/router_lab.h"

namespace holm::test {

inline Octets to_other(std::uint8_t ttl = 64, std::size_t payload = 4) {
    return frame(RouterLab::host(0), RouterLab::host(1), packet::kUdp, udp(1000, 2000, payload), ttl);
}

inline bool checksums_are_right(const packet::Packet& packet) {
    const auto header = packet.network().first(packet.transport_offset() - packet.network_offset());
    return InternetChecksum().add(header).is_correct() &&
           (packet.is_fragment() || packet.transport_checksum_ok());
}

// The ICMP error that went out by interface 0, if exactly one did.
struct Told {
    int type = -1;
    int code = -1;
    std::uint16_t mtu = 0;
    net::IpAddress from;
};
inline Told told(RouterLab& lab, std::size_t interface = 0) {
    const auto sent = lab.received(interface);
    if (sent.size() != 1 || !sent[0].packet || sent[0].packet->protocol() != packet::kIcmp) return {};
    const packet::Packet& packet = *sent[0].packet;
    CHECK(checksums_are_right(packet));
    const auto header = net::wire::Icmpv4Header::parse(packet.transport(), !sent[0].offload.needs_checksum);
    REQUIRE(header);
    return {int(header->type), header->code, header->second, packet.source()};
}

inline void refuse_routes(route::TableParts& parts) {
    using route::WayKind;
    parts.routes.push_back({net::IpAddress::v4(192, 0, 2, 0), 24, WayKind::kBlackhole, {}});
    parts.routes.push_back({net::IpAddress::v4(198, 51, 100, 0), 24, WayKind::kUnreachable, {}});
    parts.routes.push_back({net::IpAddress::v4(203, 0, 113, 0), 24, WayKind::kProhibited, {}});
    parts.routes.push_back(
        {net::IpAddress::v4(172, 16, 0, 0), 12, WayKind::kForward, {1, true, RouterLab::host(1, 7)}});
    parts.routes.push_back(
        {net::IpAddress::v4(172, 32, 0, 0), 16, WayKind::kForward, {0, true, RouterLab::host(0, 7)}});
}

}  // namespace holm::test
