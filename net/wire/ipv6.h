#pragma once

// The IPv6 header (RFC 8200, section 3).

#include <cstdint>

#include "base/bytes.h"
#include "net/address.h"
#include "net/drop.h"

namespace holm::net::wire {

// Next-header values that are no transport (IANA protocol numbers).
inline constexpr std::uint8_t kHopByHop = 0;
inline constexpr std::uint8_t kRouting = 43;
inline constexpr std::uint8_t kFragment = 44;
inline constexpr std::uint8_t kNoNextHeader = 59;
inline constexpr std::uint8_t kDestinationOptions = 60;

struct Ipv6Header {
    static constexpr std::size_t kSize = 40;
    static constexpr std::size_t kNextHeaderPosition = 6;
    static constexpr std::size_t kHopLimitPosition = 7;
    static constexpr std::size_t kPayloadLengthPosition = 4;

    std::uint16_t payload_length = 0;  // bytes behind this header, extension headers included
    std::uint8_t next_header = kNoNextHeader;
    std::uint8_t hop_limit = 64;
    std::uint8_t traffic_class = 0;
    std::uint32_t flow_label = 0;  // 20 bits
    IpAddress source;
    IpAddress destination;

    std::size_t total_length() const { return kSize + payload_length; }

    // Checks the version, the length against the packet (which may be longer: short Ethernet frames are
    // padded), and that no address is an IPv4-mapped one: on the wire those exist only to deceive
    // (RFC 4942, section 2.2).
    static Parsed<Ipv6Header> parse(Bytes packet);
    // For the beginning of a packet that an ICMPv6 error quotes: it may be cut off.
    static Parsed<Ipv6Header> parse_quoted(Bytes packet);
    // Precondition: bytes.size() >= kSize.
    void emit(MutableBytes bytes) const;

  private:
    struct Layout;
};

// The fragment header (section 4.5).
struct Ipv6Fragment {
    static constexpr std::size_t kSize = 8;

    std::uint8_t next_header = kNoNextHeader;
    bool more = false;
    std::uint16_t offset = 0;  // bytes, a multiple of 8
    std::uint32_t identification = 0;

    // Precondition of both: bytes.size() >= kSize.
    static Ipv6Fragment load(Bytes bytes);
    void emit(MutableBytes bytes) const;
};

}  // namespace holm::net::wire
