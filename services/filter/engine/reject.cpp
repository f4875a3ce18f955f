// What the sender of a rejected packet is told: an ICMP error (RFC 1812, section 4.3; RFC 4443, section 2.4)
// or a TCP reset (RFC 9293, section 3.10.7.1).

#include <array>
#include <cstring>

#include "base/checksum.h"
#include "net/wire/icmpv4.h"
#include "net/wire/ipv4.h"
#include "net/wire/ipv6.h"
#include "net/wire/tcp.h"
#include "services/filter/engine/engine.h"

namespace holm::filter {

using net::IpAddress;
using packet::Packet;

namespace {

constexpr std::size_t kLongest = 1280;   // of an ICMPv6 error
constexpr std::size_t kLongestV4 = 576;  // of an ICMP error
constexpr std::uint8_t kHopLimit = 64;

struct Answer {
    std::array<std::byte, kLongest> bytes;
    std::size_t header = 0;
    std::size_t size = 0;

    MutableBytes payload() { return MutableBytes(bytes).subspan(header, size - header); }
    Bytes whole() const { return Bytes(bytes).first(size); }
};

void start(Answer& answer, bool is_v4, const IpAddress& source, const IpAddress& destination,
           std::uint8_t protocol, std::size_t payload) {
    answer.header = is_v4 ? net::wire::Ipv4Header::kSize : net::wire::Ipv6Header::kSize;
    answer.size = answer.header + payload;
    if (is_v4) {
        net::wire::Ipv4Header header;
        header.total_length = std::uint16_t(answer.size);
        header.ttl = kHopLimit;
        header.protocol = protocol;
        header.dont_fragment = protocol == packet::kTcp;
        header.source = source;
        header.destination = destination;
        header.emit(answer.bytes);
    } else {
        net::wire::Ipv6Header header;
        header.payload_length = std::uint16_t(payload);
        header.next_header = protocol;
        header.hop_limit = kHopLimit;
        header.source = source;
        header.destination = destination;
        header.emit(answer.bytes);
    }
}

void put16(MutableBytes bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = std::byte(value >> 8);
    bytes[at + 1] = std::byte(value);
}

void put32(MutableBytes bytes, std::size_t at, std::uint32_t value) {
    put16(bytes, at, std::uint16_t(value >> 16));
    put16(bytes, at + 2, std::uint16_t(value));
}

void finish(Answer& answer, bool is_v4, std::uint8_t protocol, std::size_t checksum) {
    InternetChecksum sum;
    if (protocol != packet::kIcmp) {
        const std::size_t addresses = is_v4 ? 12 : 8;
        sum.add(Bytes(answer.bytes).subspan(addresses, is_v4 ? 8 : 32)).add_word(protocol);
        sum.add_double_word(std::uint32_t(answer.size - answer.header));
    }
    put16(answer.payload(), checksum, sum.add(answer.payload()).value());
}

// From one to one: there is somebody to answer, and it is us whom they asked.
bool is_between_two(const Packet& packet) {
    const IpAddress source = packet.source(), destination = packet.destination();
    return !source.is_unspecified() && !source.is_multicast() && !source.is_limited_broadcast() &&
           !destination.is_multicast() && !destination.is_limited_broadcast();
}

// Errors are not answered with errors, nor is what went to many (RFC 1122, section 3.2.2).
bool may_tell(const Packet& packet) {
    if (!is_between_two(packet)) return false;
    // Nor is what has been damaged on its way: who knows who sent it.
    if (packet.fragment().offset != 0 || (!packet.is_fragment() && !packet.transport_checksum_ok()))
        return false;
    if (packet.protocol() == packet::kIcmp)
        return packet.has_transport() && (packet.icmp_type() == 8 || packet.icmp_type() == 0 ||
                                          (packet.icmp_type() >= 13 && packet.icmp_type() <= 18));
    if (packet.protocol() == packet::kIcmpv6) return packet.has_transport() && packet.icmp_type() >= 128;
    return true;
}

bool make_reset(const Packet& packet, Answer& answer) {
    if (packet.protocol() != packet::kTcp || !packet.has_transport() || !is_between_two(packet) ||
        !packet.transport_checksum_ok())
        return false;
    // Whatever its flags say together: a packet that makes no sense is answered like any other.
    const Bytes transport = packet.transport();
    const std::uint8_t flags = packet.tcp_flags();
    const std::size_t header = std::size_t(transport[12]) >> 4U << 2U;
    if ((flags & net::wire::kTcpRst) != 0 || header > transport.size()) return false;
    const std::uint32_t length = std::uint32_t(transport.size() - header) +
                                 ((flags & net::wire::kTcpSyn) != 0 ? 1 : 0) +
                                 ((flags & net::wire::kTcpFin) != 0 ? 1 : 0);
    const auto number = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value = value << 8U | std::uint32_t(transport[at + i]);
        return value;
    };
    start(answer, packet.is_v4(), packet.destination(), packet.source(), packet::kTcp, 20);
    const MutableBytes tcp = answer.payload();
    std::memset(tcp.data(), 0, tcp.size());
    std::memcpy(tcp.data(), transport.data() + 2, 2);
    std::memcpy(tcp.data() + 2, transport.data(), 2);
    if ((flags & net::wire::kTcpAck) != 0) {
        put32(tcp, 4, number(8));
        tcp[13] = std::byte{net::wire::kTcpRst};
    } else {
        put32(tcp, 8, number(4) + length);
        tcp[13] = std::byte{net::wire::kTcpRst | net::wire::kTcpAck};
    }
    tcp[12] = std::byte{0x50};
    finish(answer, packet.is_v4(), packet::kTcp, net::wire::kTcpChecksumOffset);
    return true;
}

void make_error(const Packet& packet, const IpAddress& from, const RejectEntry& entry, Answer& answer) {
    const bool is_v4 = packet.is_v4();
    const std::size_t room =
        (is_v4 ? kLongestV4 - net::wire::Ipv4Header::kSize : kLongest - net::wire::Ipv6Header::kSize) -
        net::wire::Icmpv4Header::kSize;
    const Bytes quoted = packet.network().first(std::min(packet.network().size(), room));
    const std::uint8_t protocol = is_v4 ? packet::kIcmp : packet::kIcmpv6;
    start(answer, is_v4, from, packet.source(), protocol, net::wire::Icmpv4Header::kSize + quoted.size());
    if (is_v4) {
        // RFC 1812, section 4.3.2.5: the precedence of network control, the type of service of what it is
        // about.
        answer.bytes[1] = std::byte{0xc0} | (packet.network()[1] & std::byte{0x1e});
        put16(answer.bytes, 10, 0);
        put16(answer.bytes, 10, InternetChecksum{}.add(Bytes(answer.bytes).first(answer.header)).value());
    }
    const MutableBytes icmp = answer.payload();
    std::memset(icmp.data(), 0, net::wire::Icmpv4Header::kSize);
    icmp[0] = is_v4 ? std::byte{3} : std::byte{1};
    icmp[1] = std::byte(is_v4 ? entry.icmp_code : entry.icmpv6_code);
    std::memcpy(icmp.data() + net::wire::Icmpv4Header::kSize, quoted.data(), quoted.size());
    finish(answer, is_v4, protocol, net::wire::Icmpv4Header::kChecksumOffset);
}

}  // namespace

void Engine::reject(Hook hook, Instant now, const Packet& packet, const RejectEntry& entry) {
    Answer answer;
    if (entry.tcp_reset != 0) {
        if (!make_reset(packet, answer)) return;
    } else {
        if (!may_tell(packet)) return;
        // A router speaks for itself, a host from the address it was asked at.
        IpAddress from = packet.destination();
        if (hook != Hook::kInput && hook != Hook::kOutput) {
            const IpAddress own = host_.address_of(packet.in_interface, packet.family());
            if (!own.is_unspecified()) from = own;
        }
        make_error(packet, from, entry, answer);
    }
    if (!answers_.take(now)) {
        ++counters_.untold;
        return;
    }
    if (entry.tcp_reset != 0) tracker_.reset(now, packet);
    // Part of the same flow, the other way: it is translated back as the flow is.
    // The answer to what belongs to no flow is tracked like any packet: what it quotes may be known.
    packet::FlowNote note;
    if (packet.note.flow != packet::FlowNote::kNone)
        note = {packet.note.flow, std::uint8_t(kStateRelated), !packet.note.reply};
    host_.send(now, answer.whole(), note);
}

}  // namespace holm::filter
