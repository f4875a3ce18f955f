#pragma once

// Neighbour discovery as the other end of the link speaks it: routers' advertisements option by option,
// neighbours' questions and answers, and a host that configures itself.

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/support/fake_link_v6.h"

namespace holm::net::testing {

using ndp::Address;
using wire::Icmpv6Type;

// A router's advertisement, option by option.
struct Advertisement {
    Frame bytes;
    explicit Advertisement(std::uint16_t lifetime, std::uint8_t flags = 0) {
        bytes = {std::byte{134},     {}, {}, {}, std::byte{64}, std::byte(flags), std::byte(lifetime >> 8),
                 std::byte(lifetime)};
        bytes.resize(16);
    }
    Advertisement& number(std::uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(std::byte(value >> shift));
        return *this;
    }
    Advertisement& raw(const IpAddress& address) {
        for (const std::uint8_t byte : address.bytes()) bytes.push_back(std::byte(byte));
        return *this;
    }
    // Milliseconds.
    Advertisement& timing(std::uint32_t reachable, std::uint32_t retransmit) {
        for (std::size_t i = 0; i < 4; ++i) {
            bytes[8 + i] = std::byte(reachable >> (24 - 8 * i));
            bytes[12 + i] = std::byte(retransmit >> (24 - 8 * i));
        }
        return *this;
    }
    Advertisement& mac(MacAddress address) {
        bytes.insert(bytes.end(), {std::byte{1}, std::byte{1}});
        for (const std::uint8_t byte : address.bytes) bytes.push_back(std::byte(byte));
        return *this;
    }
    Advertisement& mtu(std::uint32_t value) {
        bytes.insert(bytes.end(), {std::byte{5}, std::byte{1}, {}, {}});
        return number(value);
    }
    Advertisement& prefix(std::string_view text, std::uint32_t valid, std::uint32_t preferred,
                          std::uint8_t flags = 0xc0, std::uint8_t length = 64) {
        bytes.insert(bytes.end(), {std::byte{3}, std::byte{4}, std::byte(length), std::byte(flags)});
        return number(valid).number(preferred).number(0).raw(parsed(text));
    }
    Advertisement& search(std::uint32_t lifetime) {  // "lan"
        bytes.insert(bytes.end(), {std::byte{31}, std::byte{2}, {}, {}});
        return number(lifetime).number(0x036c616e).number(0);
    }
    Advertisement& dns(std::string_view text, std::uint32_t lifetime) {
        bytes.insert(bytes.end(), {std::byte{25}, std::byte{3}, {}, {}});
        return number(lifetime).raw(parsed(text));
    }
};

inline const IpAddress kAllNodes = parsed("ff02::1");
inline const IpAddress kAllNodesHere = parsed("ff02::1%2");

struct Automatic : HostV6 {
    Automatic() : HostV6({}, automatic()) {}
    void advertise(const Advertisement& message, std::uint8_t hop_limit = 255) {
        receive_icmp(router, kAllNodes, message.bytes, hop_limit);
    }
    // The address of this prefix, or null.
    const Address* address_in(std::string_view prefix) const {
        for (const Address& own : interface->ipv6().addresses())
            if (std::equal(own.address.bytes().begin(), own.address.bytes().begin() + 8,
                           parsed(prefix).bytes().begin()))
                return &own;
        return nullptr;
    }
};

inline Frame solicitation(const IpAddress& target, std::optional<MacAddress> mac,
                          std::optional<wire::NdpNonce> nonce = {}) {
    Frame bytes(wire::kMaximumNdpMessage);
    bytes.resize(wire::NeighborSolicitation{target, mac, nonce}.emit(bytes));
    return bytes;
}

inline Frame advertisement(const IpAddress& target, MacAddress mac, bool solicited, bool overrides,
                           bool is_router = false) {
    Frame bytes(wire::kMaximumNdpMessage);
    bytes.resize(wire::NeighborAdvertisement{is_router, solicited, overrides, target, mac}.emit(bytes));
    return bytes;
}

// The neighbour solicitations among what has been sent.
inline std::vector<wire::NeighborSolicitation> solicitations(HostV6& host) {
    std::vector<wire::NeighborSolicitation> found;
    while (!host.device.frames.empty()) {
        const auto sent = host.take();
        if (type_of(sent) == Icmpv6Type::kNeighborSolicitation)
            found.push_back(*wire::NeighborSolicitation::parse(sent->payload));
    }
    return found;
}

}  // namespace holm::net::testing
