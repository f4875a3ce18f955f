#pragma once

// What fake_link.h is to IPv4: frames of IPv6 as a test wants to write and read them, and a host with IPv6.

#include <cstdlib>

#include "net/address_text.h"
#include "net/wire/icmpv6.h"
#include "net/wire/ipv6.h"
#include "net/wire/ndp.h"
#include "tests/support/fake_link.h"

namespace holm::net::testing {

inline IpAddress parsed(std::string_view text) {
    return *parse_address(text);
}

inline Frame ipv6_packet(wire::Ipv6Header header, const Frame& payload) {
    header.payload_length = std::uint16_t(payload.size());
    Frame bytes(wire::Ipv6Header::kSize);
    header.emit(bytes);
    return bytes + payload;
}

// A message, ICMPv6 header and all but its checksum, with the right checksum.
inline Frame icmpv6_message(const IpAddress& source, const IpAddress& destination, Frame bytes) {
    bytes[2] = bytes[3] = std::byte{0};
    const std::uint16_t checksum =
        ip::pseudo_header(source, destination, ip::Protocol::kIcmpv6, bytes.size()).add(bytes).value();
    bytes[2] = std::byte(checksum >> 8);
    bytes[3] = std::byte(checksum);
    return bytes;
}

struct SentV6 {
    wire::EthernetHeader ethernet;
    wire::Ipv6Header ip;
    Frame payload;  // of IP
};

inline std::optional<SentV6> sent_v6(const Frame& frame) {
    const auto ethernet = wire::EthernetHeader::parse(frame);
    if (!ethernet || ethernet->type != wire::kEtherTypeIpv6) return std::nullopt;
    const Bytes packet = Bytes(frame).subspan(wire::EthernetHeader::kSize);
    const auto header = wire::Ipv6Header::parse(packet);
    if (!header || header->total_length() != packet.size()) return std::nullopt;
    const Bytes payload = packet.subspan(wire::Ipv6Header::kSize);
    return SentV6{*ethernet, *header, Frame(payload.begin(), payload.end())};
}

inline std::optional<wire::Icmpv6Type> type_of(const std::optional<SentV6>& sent) {
    if (!sent || sent->ip.next_header != 58) return std::nullopt;
    return wire::Icmpv6Header::parse(sent->payload)->type;
}

// A stack with one interface fd00::2/64, gateway fd00::1, whose addresses are known to be unique, and a peer
// fd00::9 on the link.
struct HostV6 {
    static constexpr MacAddress kMac{{2, 0, 0, 0, 0, 2}};
    const IpAddress address = parsed("fd00::2");
    const Peer peer{{{2, 0, 0, 0, 0, 9}}, parsed("fd00::9")};
    const Peer router{{{2, 0, 0, 0, 0, 1}}, parsed("fe80::1")};

    explicit HostV6(const DeviceCapabilities& capabilities = {}, Ipv6Configuration configuration = {},
                    bool settled = true)
        : stack(Stack::Configuration{}) {
        device.what = capabilities;
        InterfaceConfiguration plain;
        plain.mac = kMac;
        interface = *stack.add_interface(now, device, plain);
        if (configuration.address.is_unspecified() && !configuration.autoconfigure) {
            configuration.address = address;
            configuration.gateway = parsed("fd00::1");
        }
        if (!stack.start_ipv6(now, *interface, configuration)) std::abort();
        stack.transmit(now);
        if (settled) settle();
    }
    static Ipv6Configuration fixed() { return {.autoconfigure = false, .secret = {1, 2}}; }
    static Ipv6Configuration automatic() { return {.secret = {1, 2}}; }

    // Duplicates have been looked for, groups have been joined.
    void settle() {
        for (int i = 0; i < 4; ++i) wait(Duration::seconds(1));
        clear();
    }
    void clear() {
        device.frames.clear();
        device.offloads.clear();
    }
    void wait(Duration time) {
        now = now + time;
        stack.transmit(now);
    }
    void receive(const Frame& frame, const Offload& offload = {}) {
        stack.receive(now, *interface, {frame, offload, nullptr});
        stack.transmit(now);
    }
    void receive_ip(const wire::Ipv6Header& header, const Frame& payload, MacAddress from,
                    const Offload& offload = {}) {
        const MacAddress to = header.destination.is_multicast() ? wire::group_mac(header.destination) : kMac;
        receive(ethernet_frame(to, from, wire::kEtherTypeIpv6, ipv6_packet(header, payload)), offload);
    }
    // An ICMPv6 message without its checksum.
    void receive_icmp(const Peer& from, const IpAddress& destination, const Frame& message,
                      std::uint8_t hop_limit = 255) {
        wire::Ipv6Header header;
        header.source = from.address;
        header.destination = destination;
        header.hop_limit = hop_limit;
        header.next_header = 58;
        receive_ip(header, icmpv6_message(from.address, destination, message), from.mac);
    }
    void receive_udp(const Endpoint& source, const Endpoint& destination, std::string_view text) {
        wire::Ipv6Header header;
        header.source = source.address;
        header.destination = destination.address;
        header.next_header = 17;
        receive_ip(header, udp_datagram(source, destination, bytes_of(text)), peer.mac);
    }
    // The peer answers a solicitation for its address.
    void resolve(const Peer& who, bool is_router = false) {
        Frame bytes(wire::kMaximumNdpMessage);
        bytes.resize(wire::NeighborAdvertisement{.router = is_router,
                                                 .solicited = true,
                                                 .overrides = true,
                                                 .target = who.address,
                                                 .target_mac = who.mac}
                         .emit(bytes));
        receive_icmp(who, address, bytes);
    }
    // Both ends know each other.
    void know(const Peer& who) {
        Frame bytes(wire::kMaximumNdpMessage);
        bytes.resize(
            wire::NeighborSolicitation{.target = address, .source_mac = who.mac, .nonce = {}}.emit(bytes));
        receive_icmp(who, ndp::solicited_node(address, 0), bytes);
        clear();
    }
    // The next IPv6 packet that the stack has sent.
    std::optional<SentV6> take() { return sent_v6(device.take()); }

    Instant now;
    FakeDevice device;
    Stack stack;
    Interface* interface;
};

}  // namespace holm::net::testing
