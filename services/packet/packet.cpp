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
    if (whole && !InternetChecksum{}.add(frame_.subspan(network_, header)).is_correct())
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

net::IpAddress Packet::address(Bytes bytes) const {
    if (is_v4())
        return net::IpAddress::v4(std::uint8_t(bytes[0]), std::uint8_t(bytes[1]), std::uint8_t(bytes[2]),
                                  std::uint8_t(bytes[3]));
    std::array<std::uint8_t, 16> raw;
    std::memcpy(raw.data(), bytes.data(), raw.size());
    return net::IpAddress::v6(raw);
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
        sum.add(source_bytes()).add(destination_bytes()).add_word(protocol_);
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

void Packet::write(std::size_t at, Bytes bytes) {
    if (error_checksum_ != 0 && !error_checksum_partial_) {
        // Fields are words at even distances from the ICMP header, since every header before them is.
        ChecksumUpdate update;
        update.replace(frame_.subspan(at, bytes.size()), bytes);
        const std::uint16_t whole = update.of_complement(ChecksumUpdate::word(frame_, error_checksum_));
        std::memcpy(frame_.data() + error_checksum_, &whole, sizeof whole);
    }
    std::memcpy(frame_.data() + at, bytes.data(), bytes.size());
}

void Packet::update_field(std::size_t position, const ChecksumUpdate& update, bool partial) {
    const std::uint16_t before = ChecksumUpdate::word(frame_, position);
    std::uint16_t after = partial ? update.of_sum(before) : update.of_complement(before);
    const bool is_udp = protocol_ == kUdp && position > transport_;
    if (is_udp && !partial) {
        if (before == 0) return;         // the sender computed none
        if (after == 0) after = 0xffff;  // RFC 768: zero would mean that
    }
    write(position, std::as_bytes(std::span(&after, 1)));
}

void Packet::set_address(MutableBytes field, const net::IpAddress& address) {
    assert(address.is_v4() == is_v4());
    const Bytes all = std::as_bytes(std::span(address.bytes()));
    const Bytes bytes = is_v4() ? all.subspan(12) : all;
    ChecksumUpdate update;
    update.replace(field, bytes);
    if (is_v4()) update_field(network_ + 10, update, false);
    // ICMP has no pseudo header.
    if (const std::size_t position = checksum_position(); position != 0 && protocol_ != kIcmp)
        update_field(position, update, is_partial(position));
    write(std::size_t(field.data() - frame_.data()), bytes);
}

void Packet::set_word(std::size_t at, std::uint16_t value) {
    const std::byte bytes[] = {std::byte(value >> 8), std::byte(value)};
    // A sum that a device finishes covers the pseudo header only, so far.
    if (const std::size_t position = checksum_position(); position != 0 && !is_partial(position)) {
        ChecksumUpdate update;
        update.replace(frame_.subspan(at, 2), bytes);
        update_field(position, update, false);
    }
    write(at, bytes);
}

void Packet::set_source(const net::IpAddress& address) {
    set_address(source_bytes(), address);
}

void Packet::set_destination(const net::IpAddress& address) {
    set_address(destination_bytes(), address);
}

void Packet::set_source_port(std::uint16_t port) {
    set_word(transport_, port);
}

void Packet::set_destination_port(std::uint16_t port) {
    set_word(transport_ + 2, port);
}

void Packet::set_icmp_identifier(std::uint16_t identifier) {
    set_word(transport_ + 4, identifier);
}

void Packet::decrement_hop_limit() {
    const std::size_t at = hop_limit_position();
    assert(hop_limit() > 0);
    if (!is_v4()) {
        frame_[at] = std::byte(hop_limit() - 1);
        return;
    }
    const std::byte word_after[] = {std::byte(hop_limit() - 1), frame_[at + 1]};
    ChecksumUpdate update;
    update.replace(frame_.subspan(at, 2), word_after);
    update_field(network_ + 10, update, false);
    write(at, word_after);
}

}  // namespace holm::packet
