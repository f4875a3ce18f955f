#pragma once

// The interfaces of a router while its configuration is read: found by name, and by the networks they are in.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cli/text/values.h"
#include "net/address.h"
#include "services/route/table_builder.h"

namespace holm::cli {

struct Network {
    net::IpAddress address;
    std::uint8_t length = 0;

    // Whether the bits behind the prefix are all zero.
    bool is_prefix() const;
    bool contains(const net::IpAddress& other) const;
};

// "10.0.0.0/8", "2001:db8::/32"; a lone address is a prefix of its whole length.
Parsed<Network> parse_network(std::string_view text);
Parsed<net::IpAddress> parse_address(std::string_view text);

// The interface whose network a gateway is in; nothing: none, or it is of link scope.
std::optional<std::uint16_t> interface_of(const route::TableParts& parts, const net::IpAddress& gateway);

std::optional<std::uint16_t> interface_named(const route::TableParts& parts, std::string_view name);
// For messages: "lan", "wan".
std::string interface_names(const route::TableParts& parts);

}  // namespace holm::cli
