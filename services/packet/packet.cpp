#include "services/packet/packet.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/checksum.h"
#include "net/wire/icmpv4.h"
#include "net/wire/ipv4.h"
#include "net/wire/ipv6.h"
#include "net/wire/tcp.h"
#include "net/wire/udp.h"
#include "services/packet/checksum_update.h"

namespace holm::packet {

using net::Drop;

namespace {

constexpr std::uint8_t kAuthentication = 51;  // RFC 4302: its length counts 4-byte words
constexpr std::size_t kIcmpHeader = 8;

bool is_extension(std::uint8_t header) {
    return header == net::wire::kHopByHop || header == net::wire::kRouting ||
           header == net::wire::kFragment || header == net::wire::kDestinationOptions ||
           header == kAuthentication;
}

// Precondition: 12 bytes are there.
bool is_mapped(Bytes address) {
    static constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(address.data(), kPrefix, sizeof kPrefix) == 0;
}

// Most IPv4 headers have no options: their checksum is five loads.
bool header_checksum_ok(Bytes header) {
    if (header.size() != net::wire::Ipv4Header::kSize) return InternetChecksum{}.add(header).is_correct();
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < net::wire::Ipv4Header::kSize; at += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, header.data() + at, sizeof word);
        sum += word;
    }
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return sum == 0xffff;
}

std::size_t fixed_header(std::uint8_t protocol) {
    switch (protocol) {
        case kTcp:
            return sizeof(net::wire::TcpHeader);
        case kUdp:
            return net::wire::UdpHeader::kSize;
        case kIcmp:
        case kIcmpv6:
            return kIcmpHeader;
        default:
            return 0;
    }
}

}  // namespace

net::Parsed<Packet> Packet::parse(MutableBytes frame, const net::Offload& offload,
                                  std::size_t network_offset) {
    if (frame.size() <= network_offset) return std::unexpected(Drop::kTruncated);
    Packet packet(frame, offload, network_offset);
    const unsigned version = unsigned(frame[network_offset]) >> 4U;
    if (version != 4 && version != 6) return std::unexpected(Drop::kBadVersion);
    packet.family_ = Family(version);
    if (const auto done = version == 4 ? packet.parse_v4(true) : packet.parse_v6(true); !done)
        return std::unexpected(done.error());
    packet.find_transport();
    if (!packet.offload_is_sound()) return std::unexpected(Drop::kBadOption);
    return packet;
}

std::optional<Packet> Packet::quoted() {
    if (!has_transport_ || (protocol_ != kIcmp && protocol_ != kIcmpv6)) return std::nullopt;
    Packet inner(frame_.first(end_), net::Offload{}, transport_ + kIcmpHeader);
    if (inner.network_ >= end_) return std::nullopt;
    const unsigned version = unsigned(frame_[inner.network_]) >> 4U;
    if (version != unsigned(family_)) return std::nullopt;
    inner.family_ = family_;
    if (!(version == 4 ? inner.parse_v4(false) : inner.parse_v6(false))) return std::nullopt;
    // Eight bytes of what it carries are enough for ports (RFC 792); a TCP header need not be whole.
    inner.has_transport_ = inner.fragment_.offset == 0 && fixed_header(inner.protocol_) != 0 &&
                           inner.end_ - inner.transport_ >= kIcmpHeader;
    inner.error_checksum_ = std::uint32_t(checksum_position());
    inner.error_checksum_partial_ = is_partial(inner.error_checksum_);
    inner.in_interface = in_interface;
    inner.out_interface = out_interface;
    return inner;
}

net::Parsed<void> Packet::parse_v4(bool whole) {
    const std::size_t there = frame_.size() - network_;
    if (there < net::wire::Ipv4Header::kSize) return std::unexpected(Drop::kTruncated);
    const std::size_t header = (std::size_t(frame_[network_]) & 0xf) * 4;
    const std::size_t total = word(network_ + 2);
    if (header < net::wire::Ipv4Header::kSize || total < header) return std::unexpected(Drop::kBadLength);
    if (header > there || (whole && total > there)) return std::unexpected(Drop::kTruncated);
    if (whole && !header_checksum_ok(frame_.subspan(network_, header)))
        return std::unexpected(Drop::kBadChecksum);
    const std::uint16_t flags = word(network_ + 6);
    fragment_ = {word(network_ + 4), std::uint16_t((flags & 0x1fff) * 8), (flags & 0x2000) != 0};
    end_ = std::uint32_t(network_ + std::min(total, there));
    transport_ = std::uint32_t(network_ + header);
    if (whole && std::size_t{fragment_.offset} + (total - header) > 65'535)
        return std::unexpected(Drop::kBadLength);
    protocol_ = std::uint8_t(frame_[network_ + 9]);
    return {};
}

net::Parsed<void> Packet::parse_v6(bool whole) {
    const std::size_t there = frame_.size() - network_;
    if (there < net::wire::Ipv6Header::kSize) return std::unexpected(Drop::kTruncated);
    const std::size_t total = net::wire::Ipv6Header::kSize + word(network_ + 4);
    if (whole && total > there) return std::unexpected(Drop::kTruncated);
    // On the wire IPv4-mapped addresses exist only to deceive (RFC 4942, section 2.2), and here they stand
    // for IPv4.
    if (is_mapped(frame_.subspan(network_ + 8)) || is_mapped(frame_.subspan(network_ + 24)))
        return std::unexpected(Drop::kBadSource);
    end_ = std::uint32_t(network_ + std::min(total, there));
    transport_ = std::uint32_t(network_ + net::wire::Ipv6Header::kSize);
    protocol_ = std::uint8_t(frame_[network_ + net::wire::Ipv6Header::kNextHeaderPosition]);
    for (std::size_t count = 0; is_extension(protocol_); ++count) {
        if (count == kExtensionHeaders) return std::unexpected(Drop::kBadOption);
        if (end_ - transport_ < 8) return std::unexpected(Drop::kTruncated);
        const auto next = std::uint8_t(frame_[transport_]);
        std::size_t length = 8;
        if (protocol_ == net::wire::kFragment) {
            // One inside of another would hide the outer one (RFC 8200, section 4.1: once at most).
            if (fragment_header_ != 0) return std::unexpected(Drop::kBadOption);
            const auto fragment = net::wire::Ipv6Fragment::load(frame_.subspan(transport_, 8));
            fragment_ = {fragment.identification, fragment.offset, fragment.more};
            fragment_header_ = transport_;
        } else {
            const auto units = std::size_t(frame_[transport_ + 1]);
            length = protocol_ == kAuthentication ? (units + 2) * 4 : (units + 1) * 8;
            if (length > end_ - transport_) return std::unexpected(Drop::kTruncated);
        }
        protocol_ = next;
        transport_ += std::uint32_t(length);
        if (fragment_.offset != 0) break;  // what follows lies in the middle of something
    }
    return {};
}

void Packet::find_transport() {
    const std::size_t needed = fixed_header(protocol_);
    has_transport_ = fragment_.offset == 0 && needed != 0 && end_ - transport_ >= needed;
}

bool Packet::offload_is_sound() const {
    if (!offload_.needs_checksum) return true;
    const std::size_t field = std::size_t{offload_.checksum_start} + offload_.checksum_offset;
    if (field == checksum_position()) return offload_.checksum_start == transport_;
    return field >= transport_ + (fragment_.offset == 0 ? fixed_header(protocol_) : 0);
}

std::size_t Packet::checksum_position() const {
    if (!has_transport_) return 0;
    std::size_t offset = net::wire::Icmpv4Header::kChecksumOffset;  // ICMPv6 has the same
    if (protocol_ == kTcp) offset = net::wire::kTcpChecksumOffset;
    if (protocol_ == kUdp) offset = net::wire::UdpHeader::kChecksumOffset;
    // Of a header that is quoted in part the checksum says nothing.
    return transport_ + fixed_header(protocol_) <= end_ ? transport_ + offset : 0;
}

bool Packet::is_partial(std::size_t position) const {
    return offload_.needs_checksum &&
           std::size_t{offload_.checksum_start} + offload_.checksum_offset == position;
}

bool Packet::transport_checksum_ok() const {
    const std::size_t position = checksum_position();
    if (position == 0 || offload_.checksum_valid || is_partial(position)) return true;
    if (protocol_ == kUdp && is_v4() && word(position) == 0) return true;
    Bytes covered = transport();
    InternetChecksum sum;
    if (protocol_ != kIcmp) {
        // Both addresses lie side by side.
        sum.add(frame_.subspan(network_ + (is_v4() ? 12 : 8), 2 * address_size())).add_word(protocol_);
        if (protocol_ == kUdp) {
            // The length that counts is the datagram's own.
            const std::size_t length = word(transport_ + 4);
            if (length < net::wire::UdpHeader::kSize || length > covered.size()) return false;
            covered = covered.first(length);
        }
        sum.add_double_word(std::uint32_t(covered.size()));
    }
    return sum.add(covered).is_correct();
}

// Of a quoted packet the error that quotes it has a checksum too. Fields are words at even distances from the
// ICMP header, since every header before them is.
void Packet::update_error(Bytes before, Bytes after) {
    if (error_checksum_partial_) return;
    ChecksumUpdate update;
    update.replace(before, after);
    const std::uint16_t whole = update.of_complement(ChecksumUpdate::word(frame_, error_checksum_));
    std::memcpy(frame_.data() + error_checksum_, &whole, sizeof whole);
}

template <typename T>
void Packet::put(std::size_t at, const T& value) {
    std::byte* const field = frame_.data() + at;
    if (error_checksum_ != 0) update_error({field, sizeof value}, std::as_bytes(std::span(&value, 1)));
    std::memcpy(field, &value, sizeof value);
}

void Packet::update_field(std::size_t position, const ChecksumUpdate& update, bool partial) {
    const std::uint16_t before = ChecksumUpdate::word(frame_, position);
    std::uint16_t after = partial ? update.of_sum(before) : update.of_complement(before);
    const bool is_udp = protocol_ == kUdp && position > transport_;
    if (is_udp && !partial) {
        if (before == 0) return;         // the sender computed none
        if (after == 0) after = 0xffff;  // RFC 768: zero would mean that
    }
    put(position, after);
}

template <typename T>
bool Packet::replace(std::size_t at, Bytes wanted, ChecksumUpdate& update, T& value) const {
    T before{};
    std::memcpy(&before, frame_.data() + at, sizeof before);
    std::memcpy(&value, wanted.data(), sizeof value);
    if (before == value) return false;
    update.replace(std::as_bytes(std::span(&before, 1)), std::as_bytes(std::span(&value, 1)));
    return true;
}

void Packet::set_end(End end, Bytes address, std::optional<std::uint16_t> port) {
    assert(address.empty() || address.size() == address_size());
    const bool source = end == End::kSource;
    const std::size_t address_at = network_ + (is_v4() ? (source ? 12 : 16) : (source ? 8 : 24));
    const std::size_t port_at = transport_ + (is_icmp() ? 4 : source ? 0 : 2);
    ChecksumUpdate of_address, of_both;
    std::uint32_t v4 = 0;
    std::array<std::uint64_t, 2> v6{};
    std::uint16_t number = 0;
    const bool moves = !address.empty() && (is_v4() ? replace(address_at, address, of_address, v4)
                                                    : replace(address_at, address, of_address, v6));
    if (protocol_ != kIcmp) of_both = of_address;  // ICMP has no pseudo header
    const std::uint16_t in_order = __builtin_bswap16(port.value_or(0));
    const bool renames = port && replace(port_at, std::as_bytes(std::span(&in_order, 1)), of_both, number);
    if (!moves && !renames) return;
    if (moves && is_v4()) update_field(network_ + 10, of_address, false);
    if (const std::size_t position = checksum_position(); position != 0) {
        // A sum that a device finishes covers the pseudo header only, so far.
        const bool partial = is_partial(position);
        update_field(position, partial && protocol_ != kIcmp ? of_address : of_both, partial);
    }
    if (moves && is_v4()) put(address_at, v4);
    if (moves && !is_v4()) put(address_at, v6);
    if (renames) put(port_at, number);
}

void Packet::decrement_hop_limit() {
    const std::size_t at = hop_limit_position();
    assert(hop_limit() > 0);
    frame_[at] = std::byte(hop_limit() - 1);
    if (!is_v4()) return;
    // RFC 1624, equation 3: a word that is less by one in its first byte makes the complement more by that.
    std::uint32_t sum = ChecksumUpdate::word(frame_, network_ + 10) + 1U;
    sum += sum >= 0xffff ? 1 : 0;
    const auto after = std::uint16_t(sum);
    std::memcpy(frame_.data() + network_ + 10, &after, sizeof after);
}

}  // namespace holm::packet
