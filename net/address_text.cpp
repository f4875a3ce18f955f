#include "net/address_text.h"

namespace holm::net {

std::optional<IpAddress> parse_address(std::string_view text) {
    if (const auto v4 = parse_ipv4(text)) return IpAddress::v4((*v4)[0], (*v4)[1], (*v4)[2], (*v4)[3]);
    const std::size_t percent = text.find('%');
    const auto v6 = parse_ipv6(text.substr(0, percent));
    if (!v6) return std::nullopt;
    const IpAddress address = IpAddress::v6(*v6);
    if (percent == text.npos) return address;
    // A zone is the number of an interface, of which there are few.
    unsigned zone = 0;
    const std::string_view digits = text.substr(percent + 1);
    if (digits.empty() || digits.size() > 3 || !address.needs_zone()) return std::nullopt;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') return std::nullopt;
        zone = zone * 10 + unsigned(digit - '0');
    }
    if (zone > 255) return std::nullopt;
    return address.with_zone(std::uint8_t(zone));
}

}  // namespace holm::net
