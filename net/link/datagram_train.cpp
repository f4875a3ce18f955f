#include "net/link/datagram_train.h"

#include <cstring>

#include "base/checksum.h"
#include "base/network_order.h"
#include "net/ip/protocol.h"
#include "net/wire/ethernet.h"
#include "net/wire/ipv4.h"
#include "net/wire/ipv6.h"
#include "net/wire/udp.h"

namespace holm::net::link {

namespace {

constexpr std::size_t kIp = wire::EthernetHeader::kSize;
constexpr std::size_t kEtherType = 12;
constexpr std::uint16_t kDontFragment = 0x4000;

// Of an IPv4 header, from its start.
constexpr std::size_t kTotalLength = 2, kIdentification = 4, kFragment = 6, kProtocol = 9,
                      kHeaderChecksum = 10, kAddresses = 12;
// Of an IPv6 header.
constexpr std::size_t kPayloadLength = 4, kNextHeader = 6;
// Of a UDP header.
constexpr std::size_t kUdpLength = 4;

std::uint16_t word(Bytes bytes, std::size_t at) {
    NetU16 value;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
}

void set_word(MutableBytes bytes, std::size_t at, std::uint16_t value) {
    const NetU16 field = value;
    std::memcpy(bytes.data() + at, &field, sizeof(field));
}

bool same_bytes(Bytes a, Bytes b, std::size_t from, std::size_t to) {
    return std::memcmp(a.data() + from, b.data() + from, to - from) == 0;
}

}  // namespace

std::optional<DatagramTrain> DatagramTrain::of(Bytes frame, std::size_t size, const Offload& offload) {
    if (!offload.needs_checksum || offload.segmentation != Segmentation::kNone ||
        offload.checksum_offset != wire::UdpHeader::kChecksumOffset)
        return std::nullopt;
    const std::size_t transport = offload.checksum_start;
    DatagramTrain train;
    train.headers_ = std::uint16_t(transport + wire::UdpHeader::kSize);
    // An empty datagram cannot be told in a row.
    if (train.headers_ >= size || train.headers_ > frame.size() || transport < kIp + wire::Ipv4Header::kSize)
        return std::nullopt;
    const Bytes ip = frame.subspan(kIp);
    const std::size_t datagram = size - transport;
    constexpr auto kUdp = std::byte(ip::Protocol::kUdp);
    if (word(frame, kEtherType) == wire::kEtherTypeIpv4 && transport == kIp + wire::Ipv4Header::kSize) {
        // No options, not a fragment, nothing behind it.
        if (ip[0] != std::byte{0x45} || ip[kProtocol] != kUdp || word(ip, kTotalLength) != size - kIp ||
            (word(ip, kFragment) & ~kDontFragment) != 0)
            return std::nullopt;
    } else if (word(frame, kEtherType) == wire::kEtherTypeIpv6 &&
               transport == kIp + wire::Ipv6Header::kSize) {
        if ((ip[0] & std::byte{0xf0}) != std::byte{0x60} || ip[kNextHeader] != kUdp ||
            word(ip, kPayloadLength) != datagram)
            return std::nullopt;
        train.v4_ = false;
    } else {
        return std::nullopt;
    }
    if (word(frame, transport + kUdpLength) != datagram) return std::nullopt;
    std::memcpy(&train.flow_, frame.data() + transport, sizeof(train.flow_));
    train.segment_ = std::uint16_t(datagram - wire::UdpHeader::kSize);
    train.payload_ = train.segment_;
    return train;
}

bool DatagramTrain::same_flow(Bytes own, const DatagramTrain& next, Bytes other) const {
    if (flow_ != next.flow_ || headers_ != next.headers_ || v4_ != next.v4_) return false;
    if (!v4_)
        return same_bytes(own, other, 0, kIp + kPayloadLength) &&
               same_bytes(own, other, kIp + kNextHeader, headers_ - 4);
    return same_bytes(own, other, 0, kIp + kTotalLength) &&
           same_bytes(own, other, kIp + kFragment, kIp + kProtocol) &&
           same_bytes(own, other, kIp + kAddresses, kIp + wire::Ipv4Header::kSize);
}

bool DatagramTrain::take(Bytes own, const DatagramTrain& next, Bytes other) {
    open_ = false;
    if (next.segment_ > segment_ || payload_ + next.segment_ > kMaximumPayload) return false;
    // The device counts identifications up from the first; they matter to packets that may be fragmented (RFC
    // 6864).
    if (v4_ && (word(own, kIp + kFragment) & kDontFragment) == 0 &&
        word(other, kIp + kIdentification) != std::uint16_t(word(own, kIp + kIdentification) + datagrams_))
        return false;
    open_ = next.segment_ == segment_;
    payload_ += next.segment_;
    ++datagrams_;
    return true;
}

Offload DatagramTrain::finish(MutableBytes headers) const {
    const std::size_t transport = headers_ - wire::UdpHeader::kSize;
    const auto length = std::uint16_t(wire::UdpHeader::kSize + payload_);
    // The field holds the pseudo header's sum, and the length is a word of it.
    InternetChecksum sum;
    sum.add_word(word(headers, transport + wire::UdpHeader::kChecksumOffset));
    sum.add_word(std::uint16_t(length - (wire::UdpHeader::kSize + segment_)));
    set_word(headers, transport + wire::UdpHeader::kChecksumOffset, sum.sum());
    set_word(headers, transport + kUdpLength, length);
    const MutableBytes ip = headers.subspan(kIp, transport - kIp);
    if (v4_) {
        set_word(ip, kTotalLength, std::uint16_t(ip.size() + length));
        set_word(ip, kHeaderChecksum, 0);
        set_word(ip, kHeaderChecksum, InternetChecksum().add(ip).value());
    } else {
        set_word(ip, kPayloadLength, length);
    }
    return {.needs_checksum = true,
            .segmentation = Segmentation::kUdpSegments,
            .header_length = headers_,
            .segment_size = segment_,
            .checksum_start = std::uint16_t(transport),
            .checksum_offset = wire::UdpHeader::kChecksumOffset};
}

}  // namespace holm::net::link
