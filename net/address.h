#pragma once

// Internet addresses and endpoints. One type for both families, so that everything above IP is written once:
// an IPv4 address is stored in the IPv4-mapped form ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2).

#include <array>
#include <compare>
#include <cstdint>

namespace holm::net {

class IpAddress {
  public:
    // The IPv6 unspecified address ::. Use any_v4() for 0.0.0.0.
    constexpr IpAddress() = default;

    static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
        IpAddress address;
        address.bytes_ = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
        return address;
    }
    static constexpr IpAddress v4(std::uint32_t host_order) {
        return v4(std::uint8_t(host_order >> 24), std::uint8_t(host_order >> 16),
                  std::uint8_t(host_order >> 8), std::uint8_t(host_order));
    }
    static constexpr IpAddress any_v4() { return v4(0); }
    static constexpr IpAddress v6(const std::array<std::uint8_t, 16>& bytes) {
        IpAddress address;
        address.bytes_ = bytes;
        return address;
    }

    constexpr bool is_v4() const {
        const Words words = as_words();
        return words.first == 0 && std::uint32_t(words.last) == 0xffff'0000;
    }
    // The IPv4 address as a number in host order. Precondition: is_v4().
    constexpr std::uint32_t to_v4() const {
        return std::uint32_t{bytes_[12]} << 24 | std::uint32_t{bytes_[13]} << 16 |
               std::uint32_t{bytes_[14]} << 8 | bytes_[15];
    }
    constexpr const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

    // ::1.
    static constexpr IpAddress loopback_v6() { return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}); }

    // An address of link scope means something on one link only. The zone (RFC 4007) says on which: the
    // number of the interface, from 1; 0 where it is not known or not needed. It is part of the address
    // when addresses are compared, and never of the packet.
    constexpr std::uint8_t zone() const { return zone_; }
    constexpr IpAddress with_zone(std::uint8_t zone) const {
        IpAddress address = *this;
        address.zone_ = zone;
        return address;
    }
    constexpr IpAddress without_zone() const { return with_zone(0); }
    // fe80::/10 and the multicast groups of interface and link scope.
    constexpr bool needs_zone() const {
        return is_link_local() || (bytes_[0] == 0xff && (bytes_[1] & 0xf) <= 2);
    }
    constexpr bool is_link_local() const { return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80; }

    constexpr bool is_unspecified() const { return *this == IpAddress{} || *this == any_v4(); }
    constexpr bool is_multicast() const { return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }
    constexpr bool is_limited_broadcast() const { return *this == v4(0xffffffff); }
    constexpr bool is_loopback() const { return is_v4() ? bytes_[12] == 127 : *this == loopback_v6(); }

    friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
    friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
        const Words left = a.as_words(), right = b.as_words();
        return left.first == right.first && left.last == right.last && a.zone_ == b.zone_;
    }

  private:
    // The bytes in memory order (little-endian hosts only): a packet asks a dozen times whose address this
    // is, and byte by byte that is a tenth of what the stack does for it.
    struct Words {
        std::uint64_t first, last;
    };
    constexpr Words as_words() const { return __builtin_bit_cast(Words, bytes_); }

    std::array<std::uint8_t, 16> bytes_{};
    std::uint8_t zone_ = 0;
};

// Whether a socket that is bound to `bound` hears what is sent to `local`. "::" stands for every address of
// both families (RFC 3493, section 5.3), or of IPv6 alone if `only_v6`; 0.0.0.0 for every IPv4 address; an
// address without a zone for that address in every zone.
constexpr bool hears(const IpAddress& bound, bool only_v6, const IpAddress& local) {
    if (bound == IpAddress{}) return !only_v6 || !local.is_v4();
    if (bound == IpAddress::any_v4()) return local.is_v4();
    return bound == local || bound == local.without_zone();
}

// Whether two sockets with the same port would hear the same packets.
constexpr bool overlap(const IpAddress& a, bool a_only_v6, const IpAddress& b, bool b_only_v6) {
    return hears(a, a_only_v6, b) || hears(b, b_only_v6, a);
}

// An address and a transport port (host order).
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// EUI-48.
struct MacAddress {
    std::array<std::uint8_t, 6> bytes{};
    static constexpr MacAddress broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
    constexpr bool is_multicast() const { return (bytes[0] & 1) != 0; }
    friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

}  // namespace holm::net
