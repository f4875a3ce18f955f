// IPv6 on its way out: the next hop and the source address (RFC 4007 for zones).

#include "net/ip/address_selection.h"
#include "net/ip/layer.h"

namespace holm::net::ip {

link::Interface* Layer::interface_in(const IpAddress& scoped) const {
    link::Interface* only = nullptr;
    for (link::Interface* interface : interfaces()) {
        if (interface->is_loopback() || !interface->ipv6().running()) continue;
        if (interface->zone() == scoped.zone()) return interface;
        // Without a zone there must be no choice.
        if (scoped.zone() == 0) {
            if (only) return nullptr;
            only = interface;
        }
    }
    return only;
}

Layer::Hop Layer::next_hop_v6(const IpAddress& destination, const IpAddress& source,
                              link::Interface* via) const {
    if (destination.is_unspecified()) return {};
    const bool group = destination.is_multicast();
    if (via) return {via, destination, group};
    if (is_own(destination)) return {loopback(), destination, false};
    // Groups of interface scope never leave this host (RFC 4291, section 2.7).
    if (group && (destination.bytes()[1] & 0xf) == 1)
        return {loopback(), destination.with_zone(loopback()->zone()), true};
    if (destination.needs_zone()) {
        link::Interface* interface = interface_in(destination);
        if (!interface) return {};
        const IpAddress there = destination.with_zone(interface->zone());
        if (is_own(there)) return {loopback(), there, false};
        return {interface, there, group};
    }
    if (group) {
        link::Interface* chosen = interface_for_group(destination, source);
        if (!chosen) chosen = interface_in({});
        return {chosen, destination.without_zone(), true};
    }
    return hop_by_routes(destination);
}

IpAddress Layer::source_v6(const Hop& hop, const IpAddress& destination) const {
    if (hop.interface->is_loopback()) return hop.group ? IpAddress::loopback_v6() : hop.address;
    const ndp::Address* source = select_source(hop.interface->ipv6().addresses(), destination, seen_);
    return source ? source->address : IpAddress();
}

}  // namespace holm::net::ip
