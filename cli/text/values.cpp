#include "cli/text/values.h"

#include <charconv>

#include "abi/manifest.h"
#include "base/address_text.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr std::uint64_t kPageSize = 4096;
constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 40;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

Parsed<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::string_view kHow = "a size is a number with K, M or G behind it, such as \"16M\"";
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range) {
        return std::unexpected(formatted("{} is more than 1024G", quote(text)));
    }
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    const std::string_view units = "KMG";
    const std::size_t power = unit.size() == 1 ? units.find(unit[0]) : std::string_view::npos;
    if (error != std::errc{} || power == std::string_view::npos) {
        return std::unexpected(formatted("{} is not a size; {}", quote(text), kHow));
    }
    const unsigned shift = static_cast<unsigned>(10 * (power + 1));
    if (number > (kLargestSize >> shift))
        return std::unexpected(formatted("{} is more than 1024G", quote(text)));
    const std::uint64_t bytes = number << shift;
    if (bytes % kPageSize != 0) {
        return std::unexpected(formatted("{} is not a multiple of 4K, the size of a page", quote(text)));
    }
    return bytes;
}

std::string format_size(std::uint64_t bytes) {
    constexpr std::uint64_t kKilo = 1024;
    if (bytes != 0 && bytes % (kKilo * kKilo * kKilo) == 0)
        return formatted("{}G", bytes / (kKilo * kKilo * kKilo));
    if (bytes != 0 && bytes % (kKilo * kKilo) == 0) return formatted("{}M", bytes / (kKilo * kKilo));
    return formatted("{}K", bytes / kKilo);
}

Parsed<std::string> parse_name(std::string_view text) {
    constexpr std::string_view kHow =
        "a name starts with a lower-case letter and goes on with lower-case letters, digits, '-' and '_'";
    if (text.empty()) return std::unexpected(formatted("the name is empty; {}", kHow));
    if (text.size() >= HOLM_NAME_SIZE) {
        return std::unexpected(formatted("{} is longer than {} bytes", quote(text), HOLM_NAME_SIZE - 1));
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool letter = c >= 'a' && c <= 'z';
        if (!letter && (i == 0 || (!is_digit(c) && c != '-' && c != '_'))) {
            return std::unexpected(formatted("{} is not a name; {}", quote(text), kHow));
        }
    }
    return std::string(text);
}

std::string Ipv4::text() const {
    return formatted("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
}

Parsed<Ipv4> parse_ipv4(std::string_view text) {
    const auto bad = [&] {
        return std::unexpected(formatted("{} is not an IPv4 address such as \"10.0.0.1\"", quote(text)));
    };
    Ipv4 address;
    std::string_view rest = text;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t length = i < 3 ? rest.find('.') : rest.size();
        if (length == std::string_view::npos) return bad();
        const std::string_view part = rest.substr(0, length);
        if (part.size() > 1 && part.starts_with('0')) return bad();  // octal to some, decimal to others
        const auto number = parse_number(part, 0, 255);
        if (!number) return bad();
        address.bytes[i] = static_cast<std::uint8_t>(*number);
        rest.remove_prefix(i < 3 ? length + 1 : length);
    }
    return address;
}

Parsed<Ipv4Network> parse_ipv4_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::unexpected(formatted("{} has no prefix length; write \"10.0.0.2/24\"", quote(text)));
    }
    const auto address = parse_ipv4(text.substr(0, slash));
    if (!address) return std::unexpected(address.error());
    const auto prefix = parse_number(text.substr(slash + 1), 1, 32);
    if (!prefix) {
        return std::unexpected(
            formatted("the prefix length {} is not a number from 1 to 32", quote(text.substr(slash + 1))));
    }
    const Ipv4Network network{*address, static_cast<std::uint8_t>(*prefix)};
    const std::uint32_t number = address->number();
    if (address->bytes[0] == 0 || address->bytes[0] == 127 || address->bytes[0] >= 224) {
        return std::unexpected(formatted("{} is not an address that a host can have", address->text()));
    }
    // RFC 3021: /31 and /32 have no network and no broadcast address.
    if (*prefix <= 30 && (number & ~network.mask()) == 0) {
        return std::unexpected(
            formatted("{} is the network {} itself, not a host in it", address->text(), text));
    }
    if (*prefix <= 30 && (number | network.mask()) == ~std::uint32_t{0}) {
        return std::unexpected(formatted("{} is the broadcast address of {}", address->text(), text));
    }
    return network;
}

Parsed<Ipv4Network> parse_ipv4_subnet(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_ipv4(text.substr(0, slash));
    if (!address) return std::unexpected(address.error());
    const auto prefix = slash == std::string_view::npos ? Parsed<std::uint32_t>(std::unexpected(""))
                                                        : parse_number(text.substr(slash + 1), 1, 30);
    if (!prefix) {
        return std::unexpected(
            formatted("{} has no prefix length from 1 to 30; write \"10.0.0.0/24\"", quote(text)));
    }
    const Ipv4Network network{*address, static_cast<std::uint8_t>(*prefix)};
    if (address->bytes[0] == 0 || address->bytes[0] == 127 || address->bytes[0] >= 224)
        return std::unexpected(formatted("{} is not a network that hosts can be in", quote(text)));
    if ((address->number() & ~network.mask()) != 0) {
        return std::unexpected(
            formatted("{} is an address in a network, not the network itself", quote(text)));
    }
    return network;
}

std::string Ipv6::text() const {
    return std::string(AddressText(std::span(bytes)).view());
}

Parsed<Ipv6> parse_ipv6(std::string_view text) {
    const auto bytes = holm::parse_ipv6(text);
    const bool mapped = bytes && std::string_view(AddressText(std::span(*bytes))).find(':') == text.npos;
    if (!bytes || mapped)
        return std::unexpected(formatted("{} is not an IPv6 address such as \"fd00::1\"", quote(text)));
    return Ipv6{*bytes};
}

Parsed<Ipv6Network> parse_ipv6_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::unexpected(formatted("{} has no prefix length; write \"fd00::2/64\"", quote(text)));
    }
    const auto address = parse_ipv6(text.substr(0, slash));
    if (!address) return std::unexpected(address.error());
    const auto prefix = parse_number(text.substr(slash + 1), 1, 128);
    if (!prefix) {
        return std::unexpected(
            formatted("the prefix length {} is not a number from 1 to 128", quote(text.substr(slash + 1))));
    }
    const std::string written = address->text();
    if (address->bytes[0] == 0xff || written == "::" || written == "::1") {
        return std::unexpected(formatted("{} is not an address that a host can have", written));
    }
    return Ipv6Network{*address, static_cast<std::uint8_t>(*prefix)};
}

bool Ipv6Network::contains(const Ipv6& other) const {
    for (std::size_t bit = 0; bit < prefix_length; ++bit) {
        const auto differ = static_cast<unsigned>(address.bytes[bit / 8] ^ other.bytes[bit / 8]);
        if ((differ & 0x80u >> bit % 8) != 0) return false;
    }
    return true;
}

Parsed<Ipv6Network> parse_ipv6_subnet(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_ipv6(text.substr(0, slash));
    if (!address) return std::unexpected(address.error());
    const auto prefix = slash == std::string_view::npos ? Parsed<std::uint32_t>(std::unexpected(""))
                                                        : parse_number(text.substr(slash + 1), 1, 126);
    if (!prefix) {
        return std::unexpected(
            formatted("{} has no prefix length from 1 to 126; write \"fd00:1::/64\"", quote(text)));
    }
    if (address->bytes[0] == 0xff)
        return std::unexpected(formatted("{} is not a network that hosts can be in", quote(text)));
    for (std::size_t bit = *prefix; bit < 128; ++bit) {
        if ((address->bytes[bit / 8] & 0x80u >> bit % 8) != 0) {
            return std::unexpected(
                formatted("{} is an address in a network, not the network itself", quote(text)));
        }
    }
    return Ipv6Network{*address, static_cast<std::uint8_t>(*prefix)};
}

Parsed<std::uint32_t> parse_number(std::string_view text, std::uint32_t low, std::uint32_t high) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < low || number > high) {
        return std::unexpected(formatted("{} is not a number from {} to {}", quote(text), low, high));
    }
    return number;
}

}  // namespace holm::cli
