#pragma once

// Frames built by hand, for tests of what happens to packets in transit.

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"
#include "net/address.h"
#include "net/wire/ipv4.h"
#include "net/wire/ipv6.h"
#include "services/packet/packet.h"

namespace holm::test {

using Octets = std::vector<std::byte>;

inline void append(Octets& to, Bytes bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

inline void put16(MutableBytes bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = std::byte(value >> 8);
    bytes[at + 1] = std::byte(value);
}

inline void put32(MutableBytes bytes, std::size_t at, std::uint32_t value) {
    put16(bytes, at, std::uint16_t(value >> 16));
    put16(bytes, at + 2, std::uint16_t(value));
}

// Where the checksum of a transport lies in it.
inline std::size_t checksum_offset(std::uint8_t protocol) {
    return protocol == packet::kTcp ? 16 : protocol == packet::kUdp ? 6 : 2;
}

// An Ethernet frame with an IP packet; the checksum of a known transport is filled in.
inline Octets frame(const net::IpAddress& source, const net::IpAddress& destination, std::uint8_t protocol,
                    Octets transport, std::uint8_t hop_limit = 64) {
    Octets octets(packet::Packet::kEthernetHeader);
    octets[12] = source.is_v4() ? std::byte{0x08} : std::byte{0x86};
    octets[13] = source.is_v4() ? std::byte{0x00} : std::byte{0xdd};
    if (source.is_v4()) {
        net::wire::Ipv4Header header;
        header.total_length = std::uint16_t(net::wire::Ipv4Header::kSize + transport.size());
        header.ttl = hop_limit;
        header.protocol = protocol;
        header.source = source;
        header.destination = destination;
        octets.resize(octets.size() + net::wire::Ipv4Header::kSize);
        header.emit(MutableBytes(octets).subspan(14));
    } else {
        net::wire::Ipv6Header header;
        header.payload_length = std::uint16_t(transport.size());
        header.hop_limit = hop_limit;
        header.next_header = protocol;
        header.source = source;
        header.destination = destination;
        octets.resize(octets.size() + net::wire::Ipv6Header::kSize);
        header.emit(MutableBytes(octets).subspan(14));
    }
    const bool known = protocol == packet::kTcp || protocol == packet::kUdp || protocol == packet::kIcmp ||
                       protocol == packet::kIcmpv6;
    if (known && transport.size() >= checksum_offset(protocol) + 2) {
        InternetChecksum sum;
        if (protocol != packet::kIcmp) {
            const std::size_t skip = source.is_v4() ? 12 : 0;
            sum.add(std::as_bytes(std::span(source.bytes())).subspan(skip));
            sum.add(std::as_bytes(std::span(destination.bytes())).subspan(skip));
            sum.add_word(protocol).add_double_word(std::uint32_t(transport.size()));
        }
        put16(transport, checksum_offset(protocol), 0);
        const std::uint16_t value = sum.add(transport).value();
        put16(transport, checksum_offset(protocol), protocol == packet::kUdp && value == 0 ? 0xffff : value);
    }
    append(octets, transport);
    return octets;
}

struct TcpFields {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint8_t flags = 0;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgment = 0;
    std::uint16_t window = 65'535;
    std::size_t payload = 0;
};

inline Octets tcp(const TcpFields& fields) {
    Octets octets(20 + fields.payload);
    put16(octets, 0, fields.source_port);
    put16(octets, 2, fields.destination_port);
    put32(octets, 4, fields.sequence);
    put32(octets, 8, fields.acknowledgment);
    octets[12] = std::byte{0x50};
    octets[13] = std::byte(fields.flags);
    put16(octets, 14, fields.window);
    return octets;
}

inline Octets udp(std::uint16_t source_port, std::uint16_t destination_port, std::size_t payload = 4) {
    Octets octets(8 + payload, std::byte{'x'});
    put16(octets, 0, source_port);
    put16(octets, 2, destination_port);
    put16(octets, 4, std::uint16_t(octets.size()));
    put16(octets, 6, 0);
    return octets;
}

inline Octets icmp(std::uint8_t type, std::uint8_t code, std::uint16_t identifier = 0,
                   std::uint16_t sequence = 0, Bytes payload = {}) {
    Octets octets(8);
    octets[0] = std::byte(type);
    octets[1] = std::byte(code);
    put16(octets, 4, identifier);
    put16(octets, 6, sequence);
    append(octets, payload);
    return octets;
}

}  // namespace holm::test
