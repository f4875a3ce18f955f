#pragma once

// Values people write in holm.toml and on the command line. Each parser gives the value or one phrase that
// says what is wrong with it, to be put behind the place it stands at.

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace holm::cli {

template <typename T>
using Parsed = std::expected<T, std::string>;

// Bytes: a decimal number with K, M or G behind it (powers of 1024), "16M"; a multiple of 4096.
Parsed<std::uint64_t> parse_size(std::string_view text);

// "16M" for 16777216: the shortest way to write it that parse_size reads back.
std::string format_size(std::uint64_t bytes);

// Names of images, devices and projects: [a-z][a-z0-9_-]*, at most 31 bytes.
Parsed<std::string> parse_name(std::string_view text);

struct Ipv4 {
    std::array<std::uint8_t, 4> bytes{};

    std::uint32_t number() const {
        return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
               bytes[3];
    }
    std::string text() const;
    friend bool operator==(const Ipv4&, const Ipv4&) = default;
};

struct Ipv4Network {
    Ipv4 address;
    std::uint8_t prefix_length = 0;

    std::uint32_t mask() const { return prefix_length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix_length); }
    bool contains(Ipv4 other) const { return ((address.number() ^ other.number()) & mask()) == 0; }
};

// Dotted decimal, four numbers, no leading zeros.
Parsed<Ipv4> parse_ipv4(std::string_view text);

// An address a host can have, and its network: "10.0.0.2/24".
Parsed<Ipv4Network> parse_ipv4_network(std::string_view text);

// A network itself: "10.0.0.0/24", with room for hosts (at most /30).
Parsed<Ipv4Network> parse_ipv4_subnet(std::string_view text);

struct Ipv6 {
    std::array<std::uint8_t, 16> bytes{};

    std::string text() const;
    friend bool operator==(const Ipv6&, const Ipv6&) = default;
};

struct Ipv6Network {
    Ipv6 address;
    std::uint8_t prefix_length = 0;

    bool contains(const Ipv6& other) const;
};

// Any of the forms of RFC 4291, section 2.2, but for IPv4-mapped ones.
Parsed<Ipv6> parse_ipv6(std::string_view text);

// An address a host can have, and its network: "fd00::2/64".
Parsed<Ipv6Network> parse_ipv6_network(std::string_view text);

// A network itself: "fd00:1::/64", at most /126.
Parsed<Ipv6Network> parse_ipv6_subnet(std::string_view text);

// A decimal number from low to high, digits only.
Parsed<std::uint32_t> parse_number(std::string_view text, std::uint32_t low, std::uint32_t high);

}  // namespace holm::cli
