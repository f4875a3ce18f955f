#pragma once

// A packet in transit: a parsed view of a frame, with what a router or a filter asks most often at hand, and
// rewrites that keep every checksum right. The bytes stay where they are; nothing is allocated.
//
// Parsing checks what RFC 1812, section 5.2.2 and RFC 8200 ask of a router: version, lengths, the IPv4
// header's checksum, the chain of extension headers. What lies behind may be cut off or nonsense: the packet
// is forwarded all the same, and says so (has_transport()).

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/frame.h"

namespace holm::packet {

enum class Family : std::uint8_t { kIpv4 = 4, kIpv6 = 6 };

inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmpv6 = 58;

// Where in its datagram a fragment lies.
struct Fragment {
    std::uint32_t identification = 0;
    std::uint16_t offset = 0;  // bytes
    bool more = false;
};

// What a connection tracker notes on a packet between hooks. Nobody else looks inside.
struct FlowNote {
    static constexpr std::uint32_t kNone = ~0u;
    std::uint32_t flow = kNone;  // index in the tracker's table
    std::uint8_t state = 0;
    bool reply = false;
};

class Packet {
  public:
    static constexpr std::size_t kEthernetHeader = 14;
    static constexpr std::size_t kExtensionHeaders = 8;  // IPv6; more are refused (RFC 8504, section 5.3)

    // `frame`: link header first, the IP packet from `network_offset` on; what lies behind the packet is
    // padding. The device's numbers in `offload` have been checked against the frame.
    static net::Parsed<Packet> parse(MutableBytes frame, const net::Offload& offload,
                                     std::size_t network_offset = kEthernetHeader);
    // The packet that an ICMP error (of either family) quotes: its header is whole and a piece of what it
    // carries is there, no more is promised; lengths in its header may exceed what there is. Checksums are
    // not looked at. Rewrites of it keep the error's own checksum right. `*this` outlives it.
    std::optional<Packet> quoted();

    MutableBytes frame() const { return frame_; }
    // From the IP header to the end of the packet, without padding.
    MutableBytes network() const { return frame_.subspan(network_, end_ - network_); }
    // What the IP header and its extensions carry.
    MutableBytes transport() const { return frame_.subspan(transport_, end_ - transport_); }
    std::size_t network_offset() const { return network_; }
    std::size_t transport_offset() const { return transport_; }
    const net::Offload& offload() const { return offload_; }

    Family family() const { return family_; }
    bool is_v4() const { return family_ == Family::kIpv4; }
    // What stands behind the extension headers.
    std::uint8_t protocol() const { return protocol_; }
    // 4 or 16 bytes, as they lie in the packet.
    MutableBytes source_bytes() const {
        return frame_.subspan(network_ + (is_v4() ? 12 : 8), address_size());
    }
    MutableBytes destination_bytes() const {
        return frame_.subspan(network_ + (is_v4() ? 16 : 24), address_size());
    }
    std::size_t address_size() const { return is_v4() ? 4 : 16; }
    net::IpAddress source() const { return address(source_bytes()); }
    net::IpAddress destination() const { return address(destination_bytes()); }
    // TTL or hop limit.
    std::uint8_t hop_limit() const { return std::uint8_t(frame_[hop_limit_position()]); }

    bool is_fragment() const { return fragment_.more || fragment_.offset != 0; }
    // Set for IPv6 packets with a fragment header, even a lone one.
    const Fragment& fragment() const { return fragment_; }
    // IPv6: where the fragment header lies; 0: there is none.
    std::size_t fragment_header() const { return fragment_header_; }

    // The fixed header of TCP (20 bytes), UDP, ICMP or ICMPv6 (8) is there, and this is not a later fragment.
    bool has_transport() const { return has_transport_; }
    bool has_ports() const { return has_transport_ && (protocol_ == kTcp || protocol_ == kUdp); }
    // Host order. Precondition: has_ports().
    std::uint16_t source_port() const { return word(transport_); }
    std::uint16_t destination_port() const { return word(transport_ + 2); }
    // Precondition: has_transport(), protocol() is kTcp.
    std::uint8_t tcp_flags() const { return std::uint8_t(frame_[transport_ + 13]); }
    // Precondition of both: has_transport(), protocol() is kIcmp or kIcmpv6.
    std::uint8_t icmp_type() const { return std::uint8_t(frame_[transport_]); }
    std::uint8_t icmp_code() const { return std::uint8_t(frame_[transport_ + 1]); }
    // Of an echo or its like. The same precondition.
    std::uint16_t icmp_identifier() const { return word(transport_ + 4); }

    // Whether the transport's checksum is right, or vouched for, or not there. Reads all of the packet unless
    // the device has done so. Precondition: not a fragment.
    bool transport_checksum_ok() const;

    // Rewrites. An address is of the packet's family. Precondition of the last three: as for reading.
    void set_source(const net::IpAddress& address) { set_end(End::kSource, own_form(address), {}); }
    void set_destination(const net::IpAddress& address) { set_end(End::kDestination, own_form(address), {}); }
    void set_source_port(std::uint16_t port) { set_end(End::kSource, {}, port); }
    void set_destination_port(std::uint16_t port) { set_end(End::kDestination, {}, port); }
    void set_icmp_identifier(std::uint16_t identifier) { set_end(End::kSource, {}, identifier); }
    // Both at once, which costs little more than one of them: an address as it lies in packets of this
    // family, or nothing, and a port or the identifier of an echo or its like, or nothing. What is there
    // already stays as it is.
    enum class End : std::uint8_t { kSource, kDestination };
    void set_end(End end, Bytes address, std::optional<std::uint16_t> port);
    // TTL or hop limit minus one. Precondition: hop_limit() > 0, not a quoted packet.
    void decrement_hop_limit();

    // Where it came in and where it leaves: numbers of the router's interfaces, from 1; 0: none (yet), or the
    // machine itself.
    std::uint16_t in_interface = 0;
    std::uint16_t out_interface = 0;
    std::uint32_t mark = 0;
    FlowNote note;
    // Put together from fragments no longer than this (bytes of an IP packet): to be sent in such pieces
    // again, even by IPv6. 0: it came whole.
    std::uint16_t largest_fragment = 0;

  private:
    Packet(MutableBytes frame, const net::Offload& offload, std::size_t network_offset)
        : frame_(frame), offload_(offload), network_(std::uint32_t(network_offset)) {}

    net::Parsed<void> parse_v4(bool whole);
    net::Parsed<void> parse_v6(bool whole);
    void find_transport();
    // A device that finishes a checksum writes it after every look at the packet: where the transport's own
    // lies, or behind what anybody looks at (that of a packet inside of this one).
    bool offload_is_sound() const;
    net::IpAddress address(Bytes bytes) const {
        if (is_v4()) {
            std::uint32_t number = 0;
            std::memcpy(&number, bytes.data(), sizeof number);
            return net::IpAddress::v4(__builtin_bswap32(number));
        }
        std::array<std::uint8_t, 16> raw;
        std::memcpy(raw.data(), bytes.data(), raw.size());
        return net::IpAddress::v6(raw);
    }
    Bytes own_form(const net::IpAddress& address) const {
        return std::as_bytes(std::span(address.bytes())).last(address_size());
    }
    bool is_icmp() const { return protocol_ == kIcmp || protocol_ == kIcmpv6; }
    std::size_t hop_limit_position() const { return network_ + (is_v4() ? 8 : 7); }
    // Precondition: the two bytes are there, as parsing has found.
    std::uint16_t word(std::size_t at) const {
        std::uint16_t value = 0;
        std::memcpy(&value, frame_.data() + at, sizeof value);
        return __builtin_bswap16(value);
    }
    std::size_t checksum_position() const;  // 0: the transport has none, or it is not there
    bool is_partial(std::size_t position) const;
    void update_field(std::size_t position, const class ChecksumUpdate& update, bool partial);
    void update_error(Bytes before, Bytes after);
    template <typename T>
    void put(std::size_t at, const T& value);
    // What a field is to be, as a value; false: it is that already.
    template <typename T>
    bool replace(std::size_t at, Bytes wanted, class ChecksumUpdate& update, T& value) const;

    MutableBytes frame_;
    net::Offload offload_;
    std::uint32_t network_;
    std::uint32_t transport_ = 0;
    std::uint32_t end_ = 0;
    std::uint32_t fragment_header_ = 0;
    std::uint32_t error_checksum_ = 0;  // quoted: where the ICMP error's own checksum lies
    Fragment fragment_;
    Family family_ = Family::kIpv4;
    std::uint8_t protocol_ = 0;
    bool has_transport_ = false;
    bool error_checksum_partial_ = false;
};

}  // namespace holm::packet
