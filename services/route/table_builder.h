#pragma once

// Puts a Table together. At build time and in tests.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "services/route/fib_builder.h"
#include "services/route/table.h"

namespace holm::route {

// The parts as configurations know them. Connected prefixes, own addresses and directed broadcast addresses
// become routes by themselves.
struct TableParts {
    struct Hop {
        std::uint16_t interface = 0;
        bool is_gateway = false;
        net::IpAddress gateway;
        friend auto operator<=>(const Hop&, const Hop&) = default;
    };
    struct Route {
        net::IpAddress prefix;
        std::uint8_t length = 0;
        WayKind kind = WayKind::kForward;
        Hop hop;  // kForward only
    };

    GeneralRecord general;
    std::vector<InterfaceRecord> interfaces;
    std::vector<AddressRecord> addresses;
    std::vector<Route> routes;  // several of one prefix are used side by side
    std::vector<DhcpServerRecord> dhcp_servers;
    std::vector<DhcpHostRecord> dhcp_hosts;
    std::vector<AdvertisementRecord> advertisements;
    std::vector<AdvertisedPrefixRecord> advertised_prefixes;
};

// More hops of one prefix than this are not looked at.
inline constexpr std::size_t kMaximumHops = 64;

std::vector<std::byte> build_table(TableParts parts);

}  // namespace holm::route
