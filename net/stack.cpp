#include "net/stack.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "net/wire/ethernet.h"

namespace holm::net {

namespace {

// What the secret's derived keys are for.
enum Purpose : std::uint64_t {
    kIdentification = 1,
    kUdpPorts,
    kIcmpIdentifier,
    kTcp,
    kTcpMore,
    kInterface = 0x100,
    kDhcp = 0x200,
    kDhcpV6 = 0x300,
};

// Frames that loop back can cause more of them; after so many rounds the caller gets its turn, and comes back
// at once.
constexpr int kLoopbackRounds = 16;

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

// Of what there may be for each interface, what there can be now: rounds are too short to look at all places.
auto present(const auto& each, std::span<Interface* const> interfaces) {
    return std::span(each).first(interfaces.size());
}

}  // namespace

Stack::Stack(const Configuration& configuration)
    : secret_(std::bit_cast<std::array<SipHashKey, 2>>(configuration.secret)),
      ip_(derive_key(kIdentification), counters_, *this),
      icmp_(ip_, counters_, std::uint16_t(derive_key(kIcmpIdentifier).low)),
      icmp_v6_(ip_, counters_, std::uint16_t(derive_key(kIcmpIdentifier).high)),
      udp_(ip_, ip_, configuration.udp, derive_key(kUdpPorts), counters_),
      tcp_(with_secret(configuration.tcp), tcp::heap_memory(), ip_),
      loopback_(loopback_device_, MacAddress{}, 0, true, derive_key(kInterface), counters_) {
    loopback_.set_address(Instant(), IpAddress::v4(127, 0, 0, 1), 8, link::AddressPolicy::kAnnounce);
    ip_.attach(loopback_);
    tcp_.set_references(references_);
}

SipHashKey Stack::derive_key(std::uint64_t purpose) const {
    const Bytes message = std::as_bytes(std::span(&purpose, 1));
    return {siphash(secret_[0], message), siphash(secret_[1], message)};
}

tcp::Configuration Stack::with_secret(tcp::Configuration configuration) const {
    configuration.secret = std::bit_cast<std::array<std::byte, 32>>(
        std::array<SipHashKey, 2>{derive_key(kTcp), derive_key(kTcpMore)});
    return configuration;
}

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
                            std::uint8_t prefix_length, const IpAddress& gateway,
                            link::AddressPolicy policy) {
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
        added = added && routes.add({IpAddress::any_v4(), 0, gateway, &interface});
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

// Once begun it goes on; a router that later wants addresses too gets its way.
void Stack::start_dhcp_v6(Instant now, std::size_t index, bool with_address) {
    auto& binding = dhcp_v6_[index];
    if (!binding)
        binding.reset(new (std::nothrow)
                          dhcp::BindingV6(*ip_.interfaces()[index], derive_key(kDhcpV6 + index)));
    if (!binding) return;
    using State = dhcp::ClientV6::State;
    const State state = binding->client().state();
    const bool informs = state == State::kAskingForInformation || state == State::kInformed;
    if (state == State::kIdle || (informs && with_address)) binding->client().start(now, with_address);
}

void Stack::run_dhcp_v6(Instant now) {
    for (const auto& binding : present(dhcp_v6_, ip_.interfaces()))
        if (binding && binding->transmit(now, ip_) && address_observer_) address_observer_->notify();
}

std::span<const IpAddress> Stack::dhcp_v6_dns(const Interface& interface) const {
    for (const auto& binding : present(dhcp_v6_, ip_.interfaces()))
        if (binding && &binding->interface() == &interface) return binding->client().dns();
    return {};
}

resolve::SearchList Stack::search_list(const Interface& interface) const {
    resolve::SearchList list;
    if (const dhcp::Lease* known = lease(interface)) list.add_encoded(known->search.view());
    for (const auto& binding : present(dhcp_v6_, ip_.interfaces()))
        if (binding && &binding->interface() == &interface)
            list.add_encoded(binding->client().search().view());
    list.add_encoded(interface.ipv6().routers().search().view());
    return list;
}

// Routes that routers have told of, made anew when one of them has changed its mind. A default route that the
// operator has named stays.
void Stack::follow_routers(Instant now) {
    bool changed = false;
    for (std::size_t i = 0; i < ip_.interfaces().size(); ++i) {
        Interface& interface = *ip_.interfaces()[i];
        const ndp::Host& host = interface.ipv6();
        if (std::exchange(discovery_seen_[i], host.changes()) == host.changes()) continue;
        changed = true;
        // RFC 4861, section 4.2: addresses by DHCPv6, or only what else there is to know.
        if (host.managed() || host.other_configuration()) start_dhcp_v6(now, i, host.managed());
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
    if (changed && address_observer_) address_observer_->notify();
}

Result<> Stack::start_dhcp(Instant now, Interface& interface, link::AddressPolicy policy) {
    for (std::size_t i = 0; i < owned_.size(); ++i) {
        if (owned_[i].get() != &interface) continue;
        if (dhcp_[i]) return fail(ErrorCode::kAlready, "the interface is configured by DHCP already");
        dhcp_[i].reset(new (std::nothrow) dhcp::Binding(interface, policy, derive_key(kDhcp + i)));
        if (!dhcp_[i]) return fail(ErrorCode::kOutOfMemory, "no memory for a DHCP client");
        dhcp_[i]->start(now);
        return {};
    }
    return fail(ErrorCode::kInvalid, "not an interface of this stack");
}

void Stack::leave(Instant now) {
    for (const auto& binding : present(dhcp_, ip_.interfaces()))
        if (binding) binding->release(now, ip_);
    for (const auto& binding : present(dhcp_v6_, ip_.interfaces()))
        if (binding) binding->release(now, ip_);
}

bool Stack::has_waiting() const {
    return std::ranges::any_of(ip_.interfaces(), &Interface::has_waiting);
}

const dhcp::Lease* Stack::lease(const Interface& interface) const {
    for (std::size_t i = 0; i < owned_.size(); ++i)
        if (owned_[i].get() == &interface && dhcp_[i] && dhcp_[i]->client().lease())
            return &*dhcp_[i]->client().lease();
    return nullptr;
}

void Stack::run_dhcp(Instant now) {
    for (const auto& binding : present(dhcp_, ip_.interfaces())) {
        if (!binding || !binding->transmit(now, ip_)) continue;
        Interface& interface = binding->interface();
        const auto& lease = binding->client().lease();
        interface.set_configuring(!lease);
        if (!lease) {
            clear_address(interface);
        } else {
            interface.limit_mtu(lease->mtu);
            const ip::RouteEntry* route = ip_.routes().find(IpAddress::any_v4(), &interface);
            const IpAddress gateway = route ? route->gateway : IpAddress::any_v4();
            const bool same = interface.is_own(lease->address) && gateway == lease->router &&
                              interface.prefix_length() == lease->prefix_length;
            // A server that leases what no host can have: the client gives it back and looks again.
            if (!same && !set_address(now, interface, lease->address, lease->prefix_length, lease->router,
                                      binding->policy()))
                binding->client().decline(now);
        }
        if (address_observer_) address_observer_->notify();
    }
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
    return added;
}

Interface* Stack::vlan_of(const Interface& trunk, std::uint16_t id) const {
    for (const auto& vlan : vlans_)
        if (vlan && vlan->trunk == &trunk && vlan->device.id() == id) return vlan->interface;
    return nullptr;
}

void Stack::receive(Instant now, Interface& physical, const ReceivedFrame& frame) {
    if (forwarder_ && forwarder_->receive(now, physical, frame)) return;
    const auto header = wire::EthernetHeader::parse(frame.bytes);
    if (!header) return counters_.count(header.error());
    Bytes payload = frame.bytes.subspan(wire::EthernetHeader::kSize);
    std::uint16_t type = header->type;
    Offload offload = frame.offload;
    Interface* interface = &physical;
    if (type == wire::kEtherTypeVlan) {
        const auto tag = wire::VlanTag::parse(payload);
        if (!tag) return counters_.count(tag.error());
        if (tag->id != 0) interface = vlan_of(physical, tag->id);
        if (!interface) return counters_.count(Drop::kNotForUs);
        payload = payload.subspan(wire::VlanTag::kSize);
        type = tag->type;
        if (offload.checksum_start >= wire::VlanTag::kSize) offload.checksum_start -= wire::VlanTag::kSize;
    }
    if (interface == &physical && physical.tagged_only()) return counters_.count(Drop::kNotForUs);
    interface->count_received(frame.bytes.size());
    const bool group = header->destination.is_multicast();
    if (!group && header->destination != interface->mac()) return counters_.count(Drop::kNotForUs);
    switch (type) {
        case wire::kEtherTypeIpv4:
            return ip_.receive(now, *interface, payload, offload, group, frame.owner);
        case wire::kEtherTypeIpv6:
            return ip_.receive_v6(now, *interface, payload, offload, group, frame.owner);
        case wire::kEtherTypeArp:
            if (!interface->is_loopback()) interface->receive_arp(now, payload);
            return;
        default:
            counters_.count(Drop::kUnknownEtherType);
    }
}

void Stack::deliver(Instant now, ip::Protocol protocol, const ip::Received& received, Bytes payload) {
    if (!received.destination.is_v4()) return deliver_v6(now, protocol, received, payload);
    using enum wire::Icmpv4Unreachable;
    switch (protocol) {
        case ip::Protocol::kIcmp:
            return icmp_.receive(now, received, payload, *this);
        case ip::Protocol::kUdp:
            for (const auto& binding : present(dhcp_, ip_.interfaces()))
                if (binding && &binding->interface() == received.interface &&
                    binding->receive(now, received, payload, counters_))
                    return;
            if (received.while_configuring) return counters_.count(Drop::kNotForUs);
            if (udp_.receive(now, received, payload) == udp::Layer::Verdict::kPortUnreachable)
                icmp_.send_error(now, wire::Icmpv4Type::kUnreachable, std::uint8_t(kPort), received);
            return;
        case ip::Protocol::kTcp:
            return tcp_.receive(now, received, payload);
        case ip::Protocol::kIgmp:
            return received.interface->receive_igmp(now, received.destination, received.ttl, payload);
        case ip::Protocol::kIcmpv6:
            break;  // not over IPv4
    }
    counters_.count(Drop::kUnknownProtocol);
    icmp_.send_error(now, wire::Icmpv4Type::kUnreachable, std::uint8_t(kProtocol), received);
}

void Stack::deliver_v6(Instant now, ip::Protocol protocol, const ip::Received& received, Bytes payload) {
    switch (protocol) {
        case ip::Protocol::kIcmpv6:
            return icmp_v6_.receive(now, received, payload, *this);
        case ip::Protocol::kUdp:
            for (const auto& binding : present(dhcp_v6_, ip_.interfaces()))
                if (binding && &binding->interface() == received.interface &&
                    binding->receive(now, received, payload, counters_))
                    return;
            if (udp_.receive(now, received, payload) == udp::Layer::Verdict::kPortUnreachable)
                icmp_v6_.send_error(now, wire::Icmpv6Type::kUnreachable,
                                    std::uint8_t(wire::Icmpv6Unreachable::kPort), 0, received);
            return;
        case ip::Protocol::kTcp:
            return tcp_.receive(now, received, payload);
        case ip::Protocol::kIcmp:
        case ip::Protocol::kIgmp:
            break;  // not over IPv6
    }
    counters_.count(Drop::kUnknownProtocol);
    icmp_v6_.send_error(now, wire::Icmpv6Type::kParameterProblem,
                        std::uint8_t(wire::Icmpv6Parameter::kUnrecognizedNextHeader),
                        received.protocol_position, received);
}

void Stack::refused(Instant now, const ip::Received& received, const wire::ExtensionProblem& problem) {
    auto code = wire::Icmpv6Parameter::kErroneousField;
    if (problem.answer == wire::ExtensionProblem::Answer::kUnrecognizedNextHeader)
        code = wire::Icmpv6Parameter::kUnrecognizedNextHeader;
    if (problem.answer == wire::ExtensionProblem::Answer::kUnrecognizedOption)
        code = wire::Icmpv6Parameter::kUnrecognizedOption;
    icmp_v6_.send_error(now, wire::Icmpv6Type::kParameterProblem, std::uint8_t(code), problem.pointer,
                        received, problem.answer_to_group);
}

bool Stack::report(Instant now, ip::Protocol protocol, const ip::ErrorReport& error) {
    bool believed = false;
    if (protocol == ip::Protocol::kUdp) believed = udp_.report(error);
    if (protocol == ip::Protocol::kTcp) believed = tcp_.report_error(now, error);
    if (believed && error.kind == ip::ErrorKind::kPacketTooBig)
        ip_.path_mtu().learn(now, error.destination, error.mtu);
    return believed;
}

void Stack::reassembly_failed(Instant now, const ip::Received& received) {
    constexpr std::uint8_t kReassemblyTimeExceeded = 1;
    if (!received.destination.is_v4())
        return icmp_v6_.send_error(now, wire::Icmpv6Type::kTimeExceeded, kReassemblyTimeExceeded, 0,
                                   received);
    icmp_.send_error(now, wire::Icmpv4Type::kTimeExceeded, kReassemblyTimeExceeded, received);
}

void Stack::transmit(Instant now) {
    ip_.expire(now);
    if (forwarder_) forwarder_->transmit(now);
    run_dhcp(now);
    run_dhcp_v6(now);
    follow_routers(now);
    for (int round = 0; round < kLoopbackRounds; ++round) {
        bool blocked = false;
        for (Interface* interface : ip_.interfaces()) {
            interface->transmit(now, ip_);
            blocked |= interface->blocked();
        }
        if (!blocked) udp_.resume();
        tcp_.transmit(now);
        // A segment to a neighbour that is not known yet has just made an ARP request due.
        for (Interface* interface : ip_.interfaces())
            if (interface->next_deadline() <= now) interface->transmit(now, ip_);
        follow_routers(now);
        if (!loopback_device_.has_frame()) return;
        // Frames that are looped back from now on belong to the next round.
        while (loopback_device_.has_frame()) {
            receive(now, loopback_, loopback_device_.front());
            loopback_device_.pop();
        }
    }
}

Instant Stack::next_deadline() const {
    if (loopback_device_.has_frame() || loopback_.has_queued()) return Instant();
    Instant next = std::min(tcp_.next_deadline(), ip_.next_deadline());
    if (forwarder_) next = std::min(next, forwarder_->next_deadline());
    for (const Interface* interface : ip_.interfaces()) next = std::min(next, interface->next_deadline());
    for (const auto& binding : present(dhcp_, ip_.interfaces()))
        if (binding) next = std::min(next, binding->client().next_deadline());
    for (const auto& binding : present(dhcp_v6_, ip_.interfaces()))
        if (binding) next = std::min(next, binding->next_deadline());
    return next;
}

}  // namespace holm::net
