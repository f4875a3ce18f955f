#include "net/wire/ipv6.h"

#include "base/network_order.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

struct Ipv6Header::Layout {
    NetU32 version_class_label;
    NetU16 payload_length;
    std::uint8_t next_header;
    std::uint8_t hop_limit;
    std::array<std::uint8_t, 16> source;
    std::array<std::uint8_t, 16> destination;
};

namespace {

struct FragmentLayout {
    std::uint8_t next_header;
    std::uint8_t reserved;
    NetU16 offset_and_more;
    NetU32 identification;
};
static_assert(sizeof(FragmentLayout) == Ipv6Fragment::kSize);

}  // namespace

Parsed<Ipv6Header> Ipv6Header::parse_quoted(Bytes packet) {
    static_assert(sizeof(Layout) == kSize);
    if (packet.size() < kSize) return std::unexpected(Drop::kTruncated);
    const auto raw = load<Layout>(packet);
    const std::uint32_t first = raw.version_class_label;
    if (first >> 28 != 6) return std::unexpected(Drop::kBadVersion);
    Ipv6Header header;
    header.payload_length = raw.payload_length;
    header.next_header = raw.next_header;
    header.hop_limit = raw.hop_limit;
    header.traffic_class = std::uint8_t(first >> 20);
    header.flow_label = first & 0xf'ffff;
    header.source = IpAddress::v6(raw.source);
    header.destination = IpAddress::v6(raw.destination);
    if (header.source.is_v4() || header.destination.is_v4()) return std::unexpected(Drop::kBadSource);
    return header;
}

Parsed<Ipv6Header> Ipv6Header::parse(Bytes packet) {
    const auto header = parse_quoted(packet);
    if (header && header->total_length() > packet.size()) return std::unexpected(Drop::kTruncated);
    return header;
}

void Ipv6Header::emit(MutableBytes bytes) const {
    const std::uint32_t first = std::uint32_t{6} << 28 | std::uint32_t{traffic_class} << 20 | flow_label;
    store(bytes, Layout{first, payload_length, next_header, hop_limit, source.bytes(), destination.bytes()});
}

Ipv6Fragment Ipv6Fragment::load(Bytes bytes) {
    const auto raw = wire::load<FragmentLayout>(bytes);
    const std::uint16_t field = raw.offset_and_more;
    return {raw.next_header, (field & 1) != 0, std::uint16_t(field & 0xfff8), raw.identification};
}

void Ipv6Fragment::emit(MutableBytes bytes) const {
    store(bytes, FragmentLayout{next_header, 0, std::uint16_t(offset | (more ? 1 : 0)), identification});
}

}  // namespace holm::net::wire
