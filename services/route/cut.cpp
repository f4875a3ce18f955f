#include "services/route/cut.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/checksum.h"
#include "base/network_order.h"
#include "net/wire/ipv4.h"
#include "net/wire/ipv6.h"
#include "net/wire/layout.h"

namespace holm::route {

namespace {

using net::wire::load;
using net::wire::store;
using packet::Packet;

constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kUdpChecksum = 6, kTcpChecksum = 16;

std::uint16_t word(Bytes bytes, std::size_t at) {
    return load<NetU16>(bytes.subspan(at));
}
void set_word(MutableBytes bytes, std::size_t at, std::uint16_t value) {
    store(bytes.subspan(at), NetU16(value));
}

void finish_ipv4_header(MutableBytes header) {
    set_word(header, 10, 0);
    set_word(header, 10, InternetChecksum().add(header).value());
}

// The sum of addresses, protocol and length of what an IP header carries.
InternetChecksum pseudo_sum(Bytes packet, std::uint8_t protocol, std::size_t length) {
    const bool v4 = std::to_integer<unsigned>(packet[0]) >> 4 == 4;
    InternetChecksum sum;
    sum.add(v4 ? packet.subspan(12, 8) : packet.subspan(8, 32));
    return sum.add_double_word(std::uint32_t(length)).add_word(protocol);
}

void set_ip_length(MutableBytes packet, std::size_t header_length) {
    if (std::to_integer<unsigned>(packet[0]) >> 4 == 4) {
        set_word(packet, 2, std::uint16_t(packet.size()));
        finish_ipv4_header(packet.first(header_length));
    } else {
        set_word(packet, net::wire::Ipv6Header::kPayloadLengthPosition,
                 std::uint16_t(packet.size() - net::wire::Ipv6Header::kSize));
    }
}

}  // namespace

void finish_checksum(Packet& packet) {
    const net::Offload& offload = packet.offload();
    const MutableBytes frame = packet.frame();
    const std::size_t field = std::size_t{offload.checksum_start} + offload.checksum_offset;
    const std::size_t end = packet.network_offset() + packet.network().size();
    if (!offload.needs_checksum || field + 2 > end || offload.checksum_start >= end) return;
    // The field holds the pseudo header's sum already.
    std::uint16_t value =
        InternetChecksum().add(frame.subspan(offload.checksum_start, end - offload.checksum_start)).value();
    if (value == 0 && packet.protocol() == packet::kUdp) value = 0xffff;
    set_word(frame, field, value);
}

std::size_t segment_headers(const Packet& packet) {
    if (!packet.has_transport()) return 0;
    const std::size_t ip = packet.transport_offset() - packet.network_offset();
    const MutableBytes transport = packet.transport();
    switch (packet.offload().segmentation) {
        case net::Segmentation::kTcp4:
        case net::Segmentation::kTcp6: {
            if (packet.protocol() != packet::kTcp) return 0;
            const std::size_t header = (std::to_integer<std::size_t>(transport[12]) >> 4) * 4;
            return header < kTcpHeader || header > transport.size() ? 0 : ip + header;
        }
        case net::Segmentation::kUdpSegments:
            return packet.protocol() == packet::kUdp ? ip + kUdpHeader : 0;
        case net::Segmentation::kNone:
        case net::Segmentation::kUdp:
            break;
    }
    return 0;
}

MutableBytes Cutter::room(std::size_t which) {
    if (!memory_) memory_.reset(new (std::nothrow) std::byte[2 * kRoom]);
    if (!memory_) return {};
    return MutableBytes(memory_.get(), 2 * kRoom).subspan(which * kRoom, kRoom);
}

bool Cutter::segment(const Packet& packet, std::size_t mtu, std::uint32_t identification, PieceSink& sink) {
    const std::size_t headers = segment_headers(packet);
    const std::size_t most = packet.offload().segment_size;
    const Bytes whole = packet.network();
    const MutableBytes memory = room(0);
    if (headers == 0 || most == 0 || memory.empty() || headers + most > memory.size() - kHeadroom)
        return false;
    const std::size_t ip = packet.transport_offset() - packet.network_offset();
    const bool tcp = packet.protocol() == packet::kTcp;
    const Bytes payload = whole.subspan(headers);
    const bool without_checksum =
        !tcp && !packet.offload().needs_checksum && word(whole, ip + kUdpChecksum) == 0;

    for (std::size_t at = 0, number = 0; at < payload.size(); at += most, ++number) {
        const Bytes part = payload.subspan(at, std::min(most, payload.size() - at));
        const MutableBytes piece = memory.subspan(kHeadroom, headers + part.size());
        std::ranges::copy(whole.first(headers), piece.begin());
        std::ranges::copy(part, piece.begin() + std::ptrdiff_t(headers));
        const MutableBytes transport = piece.subspan(ip);
        if (packet.is_v4()) set_word(piece, 4, std::uint16_t(word(whole, 4) + number));
        if (tcp) {
            const std::uint32_t sequence = load<NetU32>(transport.subspan(4));
            store(transport.subspan(4), NetU32(std::uint32_t(sequence + at)));
            constexpr std::byte kFinPush{0x09}, kCongestionWindowReduced{0x80};
            if (at + part.size() < payload.size()) transport[13] &= ~kFinPush;
            if (at != 0) transport[13] &= ~kCongestionWindowReduced;
        } else {
            set_word(transport, 4, std::uint16_t(transport.size()));
        }
        set_ip_length(piece, ip);
        const std::size_t field = tcp ? kTcpChecksum : kUdpChecksum;
        if (!without_checksum) {
            set_word(transport, field, 0);
            std::uint16_t value =
                pseudo_sum(piece, packet.protocol(), transport.size()).add(transport).value();
            if (value == 0 && !tcp) value = 0xffff;
            set_word(transport, field, value);
        }
        if (piece.size() <= mtu)
            sink.piece(memory.first(kHeadroom + piece.size()), piece.size());
        else if (!fragment(piece, mtu, std::uint32_t(identification + number), sink))
            return false;
    }
    return true;
}

bool Cutter::fragment(Bytes packet, std::size_t mtu, std::uint32_t identification, PieceSink& sink) {
    if (std::to_integer<unsigned>(packet[0]) >> 4 == 4) return fragment_v4(packet, mtu, sink);
    return fragment_v6(packet, mtu, identification, sink);
}

bool Cutter::fragment_v4(Bytes packet, std::size_t mtu, PieceSink& sink) {
    const std::size_t first_header = (std::to_integer<std::size_t>(packet[0]) & 0xf) * 4;
    // Later fragments carry only the options that say so (RFC 791, section 3.1), in whole words.
    std::array<std::byte, 60> later{};
    std::size_t later_header = net::wire::Ipv4Header::kSize;
    std::ranges::copy(packet.first(later_header), later.begin());
    for (Bytes options = packet.subspan(later_header, first_header - later_header); !options.empty();) {
        const auto kind = std::to_integer<unsigned>(options[0]);
        if (kind == 0) break;
        std::size_t length = 1;
        if (kind != 1) {
            length = options.size() < 2 ? 0 : std::to_integer<std::size_t>(options[1]);
            if (length < 2 || length > options.size()) break;
        }
        if ((kind & 0x80) != 0) {
            std::ranges::copy(options.first(length), later.begin() + std::ptrdiff_t(later_header));
            later_header += length;
        }
        options = options.subspan(length);
    }
    later_header = (later_header + 3) & ~std::size_t{3};
    later[0] = std::byte(0x40 | later_header / 4);

    const MutableBytes memory = room(1);
    if (memory.empty() || mtu < first_header + 8 || mtu > memory.size() - kHeadroom) return false;
    const std::uint16_t field = word(packet, 6);
    constexpr std::uint16_t kMore = 0x2000;
    const std::size_t start = std::size_t{field & 0x1fffu} * 8;
    const Bytes payload = packet.subspan(first_header);
    for (std::size_t at = 0; at < payload.size();) {
        const std::size_t header = at == 0 ? first_header : later_header;
        const std::size_t room_for = (mtu - header) & ~std::size_t{7};
        const Bytes part = payload.subspan(at, std::min(room_for, payload.size() - at));
        const MutableBytes piece = memory.subspan(kHeadroom, header + part.size());
        std::ranges::copy(at == 0 ? packet.first(header) : Bytes(later).first(header), piece.begin());
        std::ranges::copy(part, piece.begin() + std::ptrdiff_t(header));
        const bool more = at + part.size() < payload.size() || (field & kMore) != 0;
        set_word(piece, 6, std::uint16_t((start + at) / 8 | (more ? kMore : 0)));
        set_ip_length(piece, header);
        at += part.size();
        sink.piece(memory.first(kHeadroom + piece.size()), piece.size());
    }
    return true;
}

bool Cutter::fragment_v6(Bytes packet, std::size_t mtu, std::uint32_t identification, PieceSink& sink) {
    // RFC 8200, section 4.5: what routers on the way look at stays in front of the fragment header.
    std::size_t front = net::wire::Ipv6Header::kSize;
    std::size_t named_at = net::wire::Ipv6Header::kNextHeaderPosition;
    auto next = std::to_integer<std::uint8_t>(packet[named_at]);
    while ((next == net::wire::kHopByHop || next == net::wire::kRouting) && packet.size() >= front + 8) {
        const std::size_t length = (std::to_integer<std::size_t>(packet[front + 1]) + 1) * 8;
        if (length > packet.size() - front) return false;
        named_at = front;
        next = std::to_integer<std::uint8_t>(packet[front]);
        front += length;
    }
    constexpr std::size_t kFragment = net::wire::Ipv6Fragment::kSize;
    const MutableBytes memory = room(1);
    if (memory.empty() || mtu < front + kFragment + 8 || mtu > memory.size() - kHeadroom) return false;
    const std::size_t most = (mtu - front - kFragment) & ~std::size_t{7};
    const Bytes payload = packet.subspan(front);
    for (std::size_t at = 0; at < payload.size(); at += most) {
        const Bytes part = payload.subspan(at, std::min(most, payload.size() - at));
        const MutableBytes piece = memory.subspan(kHeadroom, front + kFragment + part.size());
        std::ranges::copy(packet.first(front), piece.begin());
        piece[named_at] = std::byte{net::wire::kFragment};
        net::wire::Ipv6Fragment{next, at + part.size() < payload.size(), std::uint16_t(at), identification}
            .emit(piece.subspan(front));
        std::ranges::copy(part, piece.begin() + std::ptrdiff_t(front + kFragment));
        set_ip_length(piece, front);
        sink.piece(memory.first(kHeadroom + piece.size()), piece.size());
    }
    return true;
}

}  // namespace holm::route
