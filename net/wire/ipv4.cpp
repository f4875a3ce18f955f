#include "net/wire/ipv4.h"

#include <algorithm>
#include <cstddef>

#include "base/checksum.h"
#include "base/network_order.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

struct Ipv4Header::Layout {
    std::uint8_t version_and_words;
    std::uint8_t traffic_class;
    NetU16 total_length;
    NetU16 identification;
    NetU16 flags_and_offset;  // offset in units of 8 bytes
    std::uint8_t ttl;
    std::uint8_t protocol;
    NetU16 checksum;
    NetU32 source;
    NetU32 destination;
};

namespace {

constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kMoreFragments = 0x2000;

constexpr std::uint8_t kOptionEnd = 0;
constexpr std::uint8_t kOptionNothing = 1;
constexpr std::uint8_t kOptionLooseRoute = 131;
constexpr std::uint8_t kOptionStrictRoute = 137;

// Options are walked only to refuse what is malformed or dangerous; none of them changes what a host does.
Parsed<void> check_options(Bytes options) {
    while (!options.empty()) {
        const auto kind = std::to_integer<std::uint8_t>(options[0]);
        if (kind == kOptionEnd) break;
        if (kind == kOptionNothing) {
            options = options.subspan(1);
            continue;
        }
        if (kind == kOptionLooseRoute || kind == kOptionStrictRoute)
            return std::unexpected(Drop::kSourceRoute);
        if (options.size() < 2) return std::unexpected(Drop::kBadOption);
        const auto length = std::to_integer<std::size_t>(options[1]);
        if (length < 2 || length > options.size()) return std::unexpected(Drop::kBadOption);
        options = options.subspan(length);
    }
    return {};
}

}  // namespace

Ipv4Header Ipv4Header::decode(const Layout& raw) {
    const std::uint16_t flags = raw.flags_and_offset;
    Ipv4Header header;
    header.header_length = std::uint16_t((raw.version_and_words & 0xf) * 4);
    header.total_length = raw.total_length;
    header.identification = raw.identification;
    header.dont_fragment = (flags & kDontFragment) != 0;
    header.more_fragments = (flags & kMoreFragments) != 0;
    header.fragment_offset = std::uint16_t((flags & 0x1fff) * 8);
    header.ttl = raw.ttl;
    header.protocol = raw.protocol;
    header.traffic_class = raw.traffic_class;
    header.source = IpAddress::v4(raw.source);
    header.destination = IpAddress::v4(raw.destination);
    return header;
}

Parsed<Ipv4Header> Ipv4Header::parse(Bytes packet) {
    static_assert(sizeof(Layout) == kSize);
    if (packet.size() < kSize) return std::unexpected(Drop::kTruncated);
    const auto raw = load<Layout>(packet);
    if (raw.version_and_words >> 4 != 4) return std::unexpected(Drop::kBadVersion);

    const Ipv4Header header = decode(raw);
    if (header.header_length < kSize || header.total_length < header.header_length)
        return std::unexpected(Drop::kBadLength);
    if (header.total_length > packet.size()) return std::unexpected(Drop::kTruncated);
    if (!InternetChecksum().add(packet.first(header.header_length)).is_correct())
        return std::unexpected(Drop::kBadChecksum);
    if (header.header_length > kSize) {
        const auto options = check_options(packet.subspan(kSize, header.header_length - kSize));
        if (!options) return std::unexpected(options.error());
    }

    // The "ping of death": a last fragment that would make the datagram longer than its length field can say.
    const std::size_t payload = header.total_length - header.header_length;
    if (header.fragment_offset + payload + header.header_length > 65'535)
        return std::unexpected(Drop::kBadLength);
    if (header.more_fragments && (payload == 0 || payload % 8 != 0)) return std::unexpected(Drop::kBadLength);
    return header;
}

Parsed<Ipv4Header> Ipv4Header::parse_quoted(Bytes packet) {
    if (packet.size() < kSize) return std::unexpected(Drop::kTruncated);
    const auto raw = load<Layout>(packet);
    if (raw.version_and_words >> 4 != 4) return std::unexpected(Drop::kBadVersion);
    const Ipv4Header header = decode(raw);
    if (header.header_length < kSize) return std::unexpected(Drop::kBadLength);
    if (packet.size() < std::size_t{header.header_length} + 8) return std::unexpected(Drop::kTruncated);
    return header;
}

void Ipv4Header::emit(MutableBytes bytes) const {
    const std::uint16_t flags = std::uint16_t((dont_fragment ? kDontFragment : 0) |
                                              (more_fragments ? kMoreFragments : 0) | fragment_offset / 8);
    Layout raw{0x45, traffic_class,  total_length,       identification, flags, ttl, protocol,
               0,    source.to_v4(), destination.to_v4()};
    raw.checksum = InternetChecksum().add(std::as_bytes(std::span(&raw, 1))).value();
    store(bytes, raw);
}

void Ipv4Header::emit_with_options(MutableBytes bytes, Bytes options) const {
    emit(bytes);
    std::copy(options.begin(), options.end(), bytes.begin() + kSize);
    bytes[0] = std::byte(0x40 | (kSize + options.size()) / 4);
    const auto field = bytes.subspan(offsetof(Layout, checksum));
    store(field, NetU16(0));
    store(field, NetU16(InternetChecksum().add(bytes.first(kSize + options.size())).value()));
}

}  // namespace holm::net::wire
