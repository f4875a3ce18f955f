#include "cli/routes/names.h"

#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "services/route/fib_builder.h"

namespace holm::cli {

using route::FibKey;

bool Network::is_prefix() const {
    return route::masked(FibKey::of(address), length) == FibKey::of(address);
}

bool Network::contains(const net::IpAddress& other) const {
    if (address.is_v4() != other.is_v4()) return false;
    return route::masked(FibKey::of(address), length) == route::masked(FibKey::of(other), length);
}

Parsed<net::IpAddress> parse_address(std::string_view text) {
    if (text.find(':') != text.npos) {
        const auto v6 = parse_ipv6(text);
        if (!v6) return std::unexpected(v6.error());
        return net::IpAddress::v6(v6->bytes);
    }
    const auto v4 = parse_ipv4(text);
    if (!v4) return std::unexpected(v4.error());
    return net::IpAddress::v4(v4->number());
}

Parsed<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::unexpected(address.error());
    const std::uint32_t most = address->is_v4() ? 32 : 128;
    Network network{*address, std::uint8_t(most)};
    if (slash != text.npos) {
        const auto length = parse_number(text.substr(slash + 1), 0, most);
        if (!length)
            return std::unexpected(formatted("the prefix length {} is not a number from 0 to {}",
                                             quote(text.substr(slash + 1)), most));
        network.length = std::uint8_t(*length);
    }
    return network;
}

std::optional<std::uint16_t> interface_of(const route::TableParts& parts, const net::IpAddress& gateway) {
    std::optional<std::uint16_t> best;
    int length = -1;
    for (std::size_t i = 0; i < parts.interfaces.size(); ++i) {
        const route::InterfaceRecord& interface = parts.interfaces[i];
        const auto consider = [&](const Network& network) {
            if (network.length <= length || !network.contains(gateway)) return;
            best = std::uint16_t(i);
            length = network.length;
        };
        if (interface.v4 == route::AddressSource::kStatic)
            consider({net::IpAddress::v4(interface.v4_address), interface.v4_length});
        for (std::uint32_t a = 0; a < interface.address_count; ++a) {
            const route::AddressRecord& own = parts.addresses[interface.first_address + a];
            consider({own.address.get(), own.length});
        }
    }
    return best;
}

std::optional<std::uint16_t> interface_named(const route::TableParts& parts, std::string_view name) {
    for (std::size_t i = 0; i < parts.interfaces.size(); ++i)
        if (parts.interfaces[i].name_text() == name) return std::uint16_t(i);
    return std::nullopt;
}

std::string interface_names(const route::TableParts& parts) {
    std::string names;
    for (const route::InterfaceRecord& interface : parts.interfaces)
        names += (names.empty() ? "" : ", ") + quote(interface.name_text());
    return names.empty() ? "none is described" : names;
}

}  // namespace holm::cli
