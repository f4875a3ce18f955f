// Interfaces and their addresses, as the operator names them or as routers do.

#include <algorithm>
#include <new>

#include "net/stack.h"

namespace holm::net {

namespace {

bool is_host_address(const IpAddress& address, std::uint8_t prefix_length) {
    if (!address.is_v4() || prefix_length == 0 || prefix_length > 32) return false;
    if (address.is_unspecified() || address.is_multicast() || address.is_loopback() ||
        address.to_v4() >> 28 == 0xf)
        return false;
    const std::uint32_t host_bits = prefix_length >= 31 ? 0 : ~std::uint32_t{0} >> prefix_length;
    const std::uint32_t host = address.to_v4() & host_bits;
    return prefix_length >= 31 || (host != 0 && host != host_bits);
}

bool is_host_address_v6(const IpAddress& address, std::uint8_t prefix_length) {
    return !address.is_v4() && prefix_length > 0 && prefix_length <= 128 && !address.is_unspecified() &&
           !address.is_multicast() && !address.is_loopback();
}

}  // namespace

Result<Interface*> Stack::add_interface(Instant now, LinkDevice& device,
                                        const InterfaceConfiguration& configuration) {
    const std::size_t index = ip_.interfaces().size();
    if (index == ip::Layer::kMaximumInterfaces)
        return fail(ErrorCode::kTooManyOpen, "too many network interfaces");
    const bool has_address = !configuration.address.is_unspecified();
    if (has_address && !is_host_address(configuration.address, configuration.prefix_length))
        return fail(ErrorCode::kInvalid, "this is not an address that a host can have");
    owned_[index].reset(new (std::nothrow)
                            Interface(device, configuration.mac, configuration.mtu, false,
                                      derive_key(kInterface + index), counters_, std::uint8_t(index + 1)));
    if (!owned_[index]) return fail(ErrorCode::kOutOfMemory, "no memory for a network interface");
    Interface& interface = *owned_[index];
    ip_.attach(interface);
    device.set_references(references_);
    if (has_address)
        TRY(set_address(now, interface, configuration.address, configuration.prefix_length,
                        configuration.gateway, configuration.policy));
    return &interface;
}

Result<> Stack::set_address(Instant now, Interface& interface, const IpAddress& address,
                            std::uint8_t prefix_length, const IpAddress& gateway, link::AddressPolicy policy,
                            const IpAddress& spare) {
    if (!is_host_address(address, prefix_length))
        return fail(ErrorCode::kInvalid, "this is not an address that a host can have");
    const bool has_gateway = !gateway.is_unspecified();
    if (has_gateway && (!is_host_address(gateway, 32) || gateway == address))
        return fail(ErrorCode::kInvalid, "this is not an address that a gateway can have");
    clear_address(interface);
    interface.set_address(now, address, prefix_length, policy);
    ip::RouteTable& routes = ip_.routes();
    bool added = routes.add({address, prefix_length, IpAddress::any_v4(), &interface});
    // A gateway outside of our prefix is a neighbour all the same (clouds hand out /32 addresses).
    if (has_gateway) {
        added = added && routes.add({gateway, 32, IpAddress::any_v4(), &interface});
        ip::RouteEntry way{.gateway = gateway, .interface = &interface};
        if (is_host_address(spare, 32) && spare != address && spare != gateway) {
            way.spare = spare;
            added = added && routes.add({spare, 32, IpAddress::any_v4(), &interface});
        }
        added = added && routes.add(way);
    }
    if (!added) return fail(ErrorCode::kNoSpace, "the routing table is full");
    return {};
}

void Stack::clear_address(Interface& interface) {
    interface.clear_address();
    ip_.routes().remove_interface(interface, ip::RouteOrigin::kIpv4);
}

Result<> Stack::start_ipv6(Instant now, Interface& interface, const Ipv6Configuration& configuration) {
    const bool has_address = !configuration.address.is_unspecified();
    const bool has_gateway = !configuration.gateway.is_unspecified();
    if (has_address && !is_host_address_v6(configuration.address, configuration.prefix_length))
        return fail(ErrorCode::kInvalid, "this is not an IPv6 address that a host can have");
    if (has_gateway &&
        (!is_host_address_v6(configuration.gateway, 128) || configuration.gateway == configuration.address))
        return fail(ErrorCode::kInvalid, "this is not an IPv6 address that a gateway can have");
    TRY(interface.start_ipv6(now, {.autoconfigure = configuration.autoconfigure,
                                   .optimistic = configuration.policy == link::AddressPolicy::kAnnounce,
                                   .accept_redirects = configuration.accept_redirects,
                                   .router = configuration.router,
                                   .secret = configuration.secret}));
    ip::RouteTable& routes = ip_.routes();
    constexpr auto kOrigin = ip::RouteOrigin::kConfigured;
    bool added = true;
    if (has_address) {
        added = interface.add_ipv6_address(now, configuration.address, configuration.prefix_length,
                                           ndp::Origin::kStatic);
        added = added &&
                routes.add({configuration.address, configuration.prefix_length, {}, &interface, kOrigin});
    }
    if (has_gateway) {
        IpAddress gateway = configuration.gateway;
        if (gateway.is_link_local())
            gateway = gateway.with_zone(interface.zone());
        else
            added = added && routes.add({gateway, 128, {}, &interface, kOrigin});
        added = added && routes.add({{}, 0, gateway, &interface, kOrigin});
    }
    if (!added) return fail(ErrorCode::kNoSpace, "too many IPv6 addresses or routes");
    const auto all = ip_.interfaces();
    const auto index = std::size_t(std::find(all.begin(), all.end(), &interface) - all.begin());
    if (configuration.dhcp && index < all.size()) start_dhcp_v6(now, index, true);
    return {};
}

Result<> Stack::add_ipv6_address(Instant now, Interface& interface, const IpAddress& address,
                                 std::uint8_t prefix_length) {
    if (!is_host_address_v6(address, prefix_length))
        return fail(ErrorCode::kInvalid, "this is not an IPv6 address that a host can have");
    if (!interface.add_ipv6_address(now, address, prefix_length, ndp::Origin::kStatic) ||
        !ip_.routes().add({address, prefix_length, {}, &interface, ip::RouteOrigin::kConfigured}))
        return fail(ErrorCode::kNoSpace, "too many IPv6 addresses or routes");
    return {};
}

// Routes that routers on a link have told of, made anew when one of them has changed its mind. A default
// route that the operator has named stays.
void Stack::follow_routers_on(Instant now, std::size_t index) {
    Interface& interface = *ip_.interfaces()[index];
    const ndp::Host& host = interface.ipv6();
    // RFC 4861, section 4.2: addresses by DHCPv6, or only what else there is to know.
    if (host.managed() || host.other_configuration()) start_dhcp_v6(now, index, host.managed());
    ip::RouteTable& routes = ip_.routes();
    constexpr auto kOrigin = ip::RouteOrigin::kDiscovered;
    routes.remove_interface(interface, kOrigin);
    for (const ndp::OnLinkPrefix& prefix : host.routers().prefixes())
        routes.add({prefix.prefix, prefix.length, {}, &interface, kOrigin});
    for (const ndp::Redirects::Entry& redirect : host.redirects().entries()) {
        const bool neighbor = redirect.next_hop == redirect.destination;
        routes.add(
            {redirect.destination, 128, neighbor ? IpAddress() : redirect.next_hop, &interface, kOrigin});
    }
    const ip::RouteEntry* other = routes.find({}, &interface);
    if (const ndp::Router* router = host.routers().best(); router && !other)
        routes.add({{}, 0, router->address, &interface, kOrigin});
}

Result<Interface*> Stack::add_vlan(Instant now, Interface& trunk, std::uint16_t id,
                                   InterfaceConfiguration configuration) {
    if (id == 0 || id > link::VlanDevice::kMaximumId)
        return fail(ErrorCode::kInvalid, "the number of a VLAN is between 1 and 4094");
    for (const auto& other : vlans_)
        if (other && other->interface == &trunk)
            return fail(ErrorCode::kInvalid, "the trunk is a VLAN itself");
    if (vlan_of(trunk, id)) return fail(ErrorCode::kExists, "the interface of this VLAN exists");
    const auto place = std::find(vlans_.begin(), vlans_.end(), nullptr);
    if (trunk.is_loopback() || place == vlans_.end())
        return fail(ErrorCode::kInvalid, "the interface carries no VLANs");
    place->reset(new (std::nothrow) Vlan{&trunk, nullptr, link::VlanDevice(trunk.device(), id)});
    if (!*place) return fail(ErrorCode::kOutOfMemory, "no memory for a VLAN");
    configuration.mac = trunk.mac();
    const auto added = add_interface(now, (*place)->device, configuration);
    // What add_interface() has begun stays, and needs its device; without its number nothing reaches it.
    if (added) (*place)->interface = *added;
    vlan_ids_[std::size_t(place - vlans_.begin())] = added ? id : link::VlanDevice::kMaximumId + 1;
    return added;
}

}  // namespace holm::net
