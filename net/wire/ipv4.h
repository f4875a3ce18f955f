#pragma once

// The IPv4 header (RFC 791).

#include <cstdint>

#include "base/bytes.h"
#include "net/address.h"
#include "net/drop.h"

namespace holm::net::wire {

struct Ipv4Header {
    static constexpr std::size_t kSize = 20;  // without options

    std::uint16_t header_length = kSize;  // bytes, options included
    std::uint16_t total_length = kSize;   // bytes of header and payload
    std::uint16_t identification = 0;
    std::uint16_t fragment_offset = 0;  // bytes, a multiple of 8
    bool dont_fragment = false;
    bool more_fragments = false;
    std::uint8_t ttl = 64;
    std::uint8_t protocol = 0;
    std::uint8_t traffic_class = 0;
    IpAddress source;
    IpAddress destination;

    bool is_fragment() const { return more_fragments || fragment_offset != 0; }

    // Checks everything that can be checked without knowing who we are: lengths against the packet (which may
    // be longer, as short Ethernet frames are padded), the checksum, the options. On success header_length
    // and total_length lie inside the packet and the fragment ends at or below 65,535.
    static Parsed<Ipv4Header> parse(Bytes packet);
    // For the beginning of a packet that an ICMP error quotes: it may be cut off and its checksum may be
    // stale. On success at least 8 bytes follow the header.
    static Parsed<Ipv4Header> parse_quoted(Bytes packet);
    // Writes a header without options and its checksum. Precondition: bytes.size() >= kSize.
    void emit(MutableBytes bytes) const;
    // The same with options, whose size is a multiple of 4. Precondition: bytes has room for both.
    void emit_with_options(MutableBytes bytes, Bytes options) const;

  private:
    struct Layout;
    static Ipv4Header decode(const Layout& raw);
};

}  // namespace holm::net::wire
