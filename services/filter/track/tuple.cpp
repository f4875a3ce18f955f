#include "services/filter/track/tuple.h"

#include <algorithm>

namespace holm::filter {

namespace {

// Questions and their answers (RFC 792, RFC 950, RFC 4443, RFC 4620).
struct Pair {
    std::uint8_t question;
    std::uint8_t answer;
};
constexpr Pair kPairs[] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}};
constexpr Pair kPairsV6[] = {{128, 129}, {139, 140}};

std::optional<std::uint8_t> counterpart(std::uint8_t type, bool is_v4) {
    const auto find = [&](const auto& pairs) -> std::optional<std::uint8_t> {
        for (const Pair& pair : pairs) {
            if (pair.question == type) return pair.answer;
            if (pair.answer == type) return pair.question;
        }
        return std::nullopt;
    };
    return is_v4 ? find(kPairs) : find(kPairsV6);
}

}  // namespace

net::IpAddress Tuple::address(bool of_source) const {
    const auto& bytes = of_source ? source : destination;
    if (family == 6) return net::IpAddress::v6(bytes);
    return net::IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

void Tuple::set_address(bool of_source, const net::IpAddress& address) {
    auto& bytes = of_source ? source : destination;
    bytes = {};
    if (family == 6)
        bytes = address.bytes();
    else
        std::copy_n(address.bytes().begin() + 12, 4, bytes.begin());
}

std::uint64_t Tuple::hash(const SipHashKey& key) const {
    if (family == 6) return siphash(key, std::as_bytes(std::span(this, 1)));
    // IPv4 has 13 bytes to tell apart: two blocks instead of five.
    std::uint32_t from = 0, to = 0;
    std::memcpy(&from, source.data(), 4);
    std::memcpy(&to, destination.data(), 4);
    const std::array<std::uint64_t, 2> words{
        std::uint64_t{to} << 32 | from, std::uint64_t{source_port} | std::uint64_t{destination_port} << 16 |
                                            std::uint64_t{protocol} << 32 | std::uint64_t{family} << 40};
    return siphash(key, std::as_bytes(std::span(words)).first(15));
}

std::uint64_t Tuple::source_hash(const SipHashKey& key) const {
    std::array<std::uint8_t, 20> part{};
    std::copy_n(source.begin(), 16, part.begin());
    std::memcpy(part.data() + 16, &source_port, 2);
    part[18] = protocol;
    part[19] = family;
    return siphash(key, std::as_bytes(std::span(part)));
}

std::optional<Tuple> tuple_of(const packet::Packet& packet) {
    Tuple tuple;
    // Of known sizes: a packet is asked this more often than anything else.
    if (packet.is_v4()) {
        std::memcpy(tuple.source.data(), packet.source_bytes().data(), 4);
        std::memcpy(tuple.destination.data(), packet.destination_bytes().data(), 4);
    } else {
        std::memcpy(tuple.source.data(), packet.source_bytes().data(), 16);
        std::memcpy(tuple.destination.data(), packet.destination_bytes().data(), 16);
        tuple.family = 6;
    }
    tuple.protocol = packet.protocol();
    if (tuple.is_icmp()) {
        if (!packet.has_transport()) return std::nullopt;
        tuple.source_port = packet.icmp_identifier();
        tuple.destination_port = std::uint16_t(packet.icmp_type() << 8 | packet.icmp_code());
    } else if (tuple.has_ports()) {
        if (!packet.has_transport()) return std::nullopt;
        tuple.source_port = packet.source_port();
        tuple.destination_port = packet.destination_port();
    }
    return tuple;
}

std::optional<Tuple> inverse(const Tuple& tuple) {
    Tuple other = tuple;
    std::swap(other.source, other.destination);
    if (tuple.is_icmp()) {
        const auto type =
            counterpart(std::uint8_t(tuple.destination_port >> 8), tuple.protocol == packet::kIcmp);
        if (!type) return std::nullopt;
        other.destination_port = std::uint16_t(*type << 8 | (tuple.destination_port & 0xff));
    } else {
        std::swap(other.source_port, other.destination_port);
    }
    return other;
}

}  // namespace holm::filter
