// Routes that come with addresses of interfaces that nobody has written down: from DHCP, from routers of
// another network, from the operator.

#include "services/route/router.h"

namespace holm::route {

using net::IpAddress;

void Router::refresh_dynamic() {
    routes_.clear_dynamic();
    known_.forget();
    const auto add = [&](std::size_t index, const IpAddress& prefix, std::uint8_t length, WayKind kind,
                         const IpAddress& next_hop) {
        Routes::Dynamic route;
        route.key = FibKey::of(prefix);
        route.v4 = prefix.is_v4();
        route.length = length;
        route.way = {kind, std::uint8_t(index), next_hop};
        routes_.add_dynamic(route);
    };
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        const Port& port = ports_[i];
        if (!port.dynamic || !port.interface) continue;
        const net::Interface& interface = *port.interface;
        if (!interface.address().is_unspecified()) {
            add(i, interface.address(), 32, WayKind::kLocal, {});
            if (interface.prefix_length() <= 30) {
                const std::uint32_t hosts = ~std::uint32_t{0} >> interface.prefix_length();
                add(i, IpAddress::v4(interface.address().to_v4() | hosts), 32, WayKind::kBroadcast, {});
            }
        }
        for (const net::ndp::Address& own : interface.ipv6().addresses())
            if (own.usable() && !own.address.is_link_local()) add(i, own.address, 128, WayKind::kLocal, {});
    }
    for (const net::ip::RouteEntry& entry : stack_.ip().routes().entries()) {
        const std::uint8_t index = entry.interface ? port_of(*entry.interface) : kNoInterface;
        if (index != kNoInterface && ports_[index].dynamic && !entry.network.is_link_local())
            add(index, entry.network, entry.prefix_length, WayKind::kForward, entry.gateway);
    }
}

}  // namespace holm::route
