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
        for (int i = 0; i < 10; ++i)
            if (bytes_[i] != 0) return false;
        return bytes_[10] == 0xff && bytes_[11] == 0xff;
    }
    // The IPv4 address as a number in host order. Precondition: is_v4().
    constexpr std::uint32_t to_v4() const {
        return std::uint32_t{bytes_[12]} << 24 | std::uint32_t{bytes_[13]} << 16 |
               std::uint32_t{bytes_[14]} << 8 | bytes_[15];
    }
    constexpr const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

    constexpr bool is_unspecified() const { return *this == IpAddress{} || *this == any_v4(); }
    constexpr bool is_multicast() const { return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }
    constexpr bool is_limited_broadcast() const { return *this == v4(0xffffffff); }
    constexpr bool is_loopback() const { return is_v4() && bytes_[12] == 127; }

    friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

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
