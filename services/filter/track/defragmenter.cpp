#include "services/filter/track/defragmenter.h"

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "net/wire/ipv6.h"

namespace holm::filter {

namespace {

constexpr std::uint8_t kAuthentication = 51;

void put16(MutableBytes bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = std::byte(value >> 8);
    bytes[at + 1] = std::byte(value);
}

}  // namespace

Defragmenter::Defragmenter()
    : reassembler_(counters_), frame_(std::make_unique_for_overwrite<std::byte[]>(kRoom)) {}

// Behind the link header of the fragment that came last.
void Defragmenter::take(const packet::Packet& packet, net::ip::Reassembler::Datagram& datagram) {
    constexpr std::size_t kLink = packet::Packet::kEthernetHeader;
    size_ = 0;
    if (packet.network_offset() < kLink || kLink + datagram.bytes.size() > kRoom) return;
    std::memcpy(frame_.get(), packet.frame().data() + packet.network_offset() - kLink, kLink);
    std::memcpy(frame_.get() + kLink, datagram.bytes.data(), datagram.bytes.size());
    size_ = kLink + datagram.bytes.size();
    const std::size_t fragment_header = packet.is_v4() ? 0 : net::wire::Ipv6Fragment::kSize;
    longest_ = std::uint16_t(std::min<std::size_t>(datagram.longest + fragment_header, 65'535));
}

bool Defragmenter::add_v4(Instant now, const packet::Packet& packet) {
    const MutableBytes network = packet.network();
    const std::size_t header = packet.transport_offset() - packet.network_offset();
    const std::uint8_t protocol = packet.protocol();
    auto datagram = reassembler_.add(now, {.source = packet.source(),
                                           .destination = packet.destination(),
                                           .identification = packet.fragment().identification,
                                           .protocol = protocol,
                                           .offset = packet.fragment().offset,
                                           .more = packet.fragment().more,
                                           .header = network.first(header),
                                           .payload = network.subspan(header)});
    if (!datagram) return false;
    if (datagram->bytes.size() > 65'535) {
        counters_.count(net::Drop::kBadLength);
        return false;
    }
    const MutableBytes bytes = datagram->bytes;
    put16(bytes, 2, std::uint16_t(bytes.size()));
    put16(bytes, 6, 0);
    put16(bytes, 10, 0);
    put16(bytes, 10, InternetChecksum{}.add(bytes.first(datagram->header_length)).value());
    take(packet, *datagram);
    return size_ > 0;
}

bool Defragmenter::add_v6(Instant now, const packet::Packet& packet) {
    const MutableBytes network = packet.network();
    const std::size_t fragment = packet.fragment_header() - packet.network_offset();
    const std::size_t payload = fragment + net::wire::Ipv6Fragment::kSize;
    std::array<std::byte, 60> header;
    if (fragment > header.size()) {
        counters_.count(net::Drop::kBadOption);
        return false;
    }
    std::memcpy(header.data(), network.data(), fragment);
    // What pointed to the fragment header points to what is behind it. An authentication header, whose length
    // counts otherwise, has its place behind (RFC 8200, section 4.1).
    std::size_t pointer = net::wire::Ipv6Header::kNextHeaderPosition;
    for (std::size_t at = net::wire::Ipv6Header::kSize; at + 1 < fragment;) {
        if (header[pointer] == std::byte{kAuthentication}) {
            counters_.count(net::Drop::kBadOption);
            return false;
        }
        pointer = at;
        at += (std::size_t(header[at + 1]) + 1) * 8;
    }
    header[pointer] = network[fragment];
    auto datagram = reassembler_.add(now, {.source = packet.source(),
                                           .destination = packet.destination(),
                                           .identification = packet.fragment().identification,
                                           .protocol = 0,
                                           .offset = packet.fragment().offset,
                                           .more = packet.fragment().more,
                                           .header = Bytes(header).first(fragment),
                                           .payload = network.subspan(payload)});
    if (!datagram || datagram->bytes.size() > 65'535 + net::wire::Ipv6Header::kSize) return false;
    put16(datagram->bytes, 4, std::uint16_t(datagram->bytes.size() - net::wire::Ipv6Header::kSize));
    take(packet, *datagram);
    return size_ > 0;
}

Defragmenter::Result Defragmenter::add(Instant now, packet::Packet& packet) {
    if (!(packet.is_v4() ? add_v4(now, packet) : add_v6(now, packet))) return Result::kWaiting;
    auto whole = packet::Packet::parse({frame_.get(), size_}, {});
    // Fragments inside of fragments are nobody's.
    if (!whole || whole->is_fragment()) {
        counters_.count(net::Drop::kBadOption);
        return Result::kWaiting;
    }
    whole->in_interface = packet.in_interface;
    whole->out_interface = packet.out_interface;
    whole->mark = packet.mark;
    // The longest piece of a datagram says how it may be cut again.
    whole->largest_fragment = longest_;
    packet = *whole;
    return Result::kWhole;
}

void Defragmenter::expire(Instant now) {
    while (reassembler_.expire(now)) {
    }
}

}  // namespace holm::filter
