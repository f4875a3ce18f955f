#pragma once

// Who talks to whom: what tells one direction of a flow from all others.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/siphash.h"
#include "net/address.h"
#include "services/packet/packet.h"

namespace holm::filter {

struct Tuple {
    std::array<std::uint8_t, 16> source{};  // IPv4 in the first four
    std::array<std::uint8_t, 16> destination{};
    std::uint16_t source_port = 0;       // ICMP: the identifier
    std::uint16_t destination_port = 0;  // ICMP: type and code
    std::uint8_t protocol = 0;
    std::uint8_t family = 4;
    std::uint16_t unused = 0;

    // By words: whoever finds a flow compares it, and a memcmp() of the C library goes byte by byte.
    friend bool operator==(const Tuple& a, const Tuple& b) {
        using Words = std::array<std::uint64_t, 5>;
        const auto left = std::bit_cast<Words>(a), right = std::bit_cast<Words>(b);
        std::uint64_t difference = 0;
        for (std::size_t i = 0; i < left.size(); ++i) difference |= left[i] ^ right[i];
        return difference == 0;
    }

    bool is_icmp() const { return protocol == packet::kIcmp || protocol == packet::kIcmpv6; }
    bool has_ports() const { return protocol == packet::kTcp || protocol == packet::kUdp; }
    net::IpAddress address(bool of_source) const;
    void set_address(bool of_source, const net::IpAddress& address);
    std::uint64_t hash(const SipHashKey& key) const;
    // The same without the destination: who sends, by which protocol.
    std::uint64_t source_hash(const SipHashKey& key) const;
    bool same_source(const Tuple& other) const {
        return source == other.source && source_port == other.source_port && protocol == other.protocol &&
               family == other.family;
    }
};
static_assert(sizeof(Tuple) == 40);

// Nothing if the packet belongs to no flow: a transport that is cut off, an ICMP message that is neither a
// question nor an answer.
std::optional<Tuple> tuple_of(const packet::Packet& packet);
// What answers carry.
std::optional<Tuple> inverse(const Tuple& tuple);

}  // namespace holm::filter
