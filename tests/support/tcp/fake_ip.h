#pragma once

// The network below TCP in tests: keeps what is sent, with complete checksums, and can be full or gone.

#include <deque>
#include <vector>

#include "base/instant.h"
#include "net/ip/output.h"
#include "net/ip/pseudo_header.h"

namespace holm::net::tcp::test {

struct SentPacket {
    Instant at;
    IpAddress source;
    IpAddress destination;
    std::vector<std::byte> bytes;  // TCP header first
    std::uint16_t segment_size = 0;
    std::uint8_t traffic_class = 0;
};

class FakeIp final : public ip::IpOutput {
  public:
    IpAddress address = IpAddress::v4(10, 0, 0, 2);
    std::uint16_t mtu = 1500;
    bool segmentation = false;
    bool full = false;
    bool unreachable = false;
    std::deque<SentPacket> sent;

    TransmitResult send(Instant now, const ip::Packet& packet) override {
        if (full) return TransmitResult::kFull;
        SentPacket copy{.at = now,
                        .source = packet.source,
                        .destination = packet.destination,
                        .bytes = {packet.header.begin(), packet.header.end()},
                        .segment_size = packet.segment_size,
                        .traffic_class = packet.traffic_class};
        for (const Bytes piece : packet.payload)
            copy.bytes.insert(copy.bytes.end(), piece.begin(), piece.end());
        auto checksum =
            ip::pseudo_header(packet.source, packet.destination, packet.protocol, copy.bytes.size());
        const std::uint16_t value = checksum.add(copy.bytes).value();
        copy.bytes[packet.checksum_offset] = std::byte(value >> 8U);
        copy.bytes[packet.checksum_offset + 1] = std::byte(value);
        sent.push_back(std::move(copy));
        return TransmitResult::kSent;
    }

    Result<ip::Route> route(const IpAddress&, const IpAddress& source) const override {
        if (unreachable) return fail(ErrorCode::kNetworkUnreachable, "no route in this test");
        return ip::Route{.source = source.is_unspecified() ? address : source,
                         .mtu = mtu,
                         .checksum = segmentation,
                         .segmentation = segmentation};
    }
};

}  // namespace holm::net::tcp::test
