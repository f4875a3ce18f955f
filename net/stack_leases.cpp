// Addresses that other hosts lease to this one: DHCP, DHCPv6.

#include <algorithm>
#include <new>

#include "net/stack.h"

namespace holm::net {

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

void Stack::take_lease(Instant now, dhcp::Binding& binding) {
    Interface& interface = binding.interface();
    const auto& lease = binding.client().lease();
    interface.set_configuring(!lease);
    if (!lease) {
        clear_address(interface);
    } else {
        interface.limit_mtu(lease->mtu);
        const auto& [gateway, spare] = lease->routers;
        const ip::RouteEntry* route = ip_.routes().find(IpAddress::any_v4(), &interface);
        // One of them, whichever answers.
        const bool same_way =
            route ? route->gateway == gateway || route->gateway == spare : gateway.is_unspecified();
        const bool same =
            same_way && interface.is_own(lease->address) && interface.prefix_length() == lease->prefix_length;
        // A server that leases what no host can have: the client gives it back and looks again.
        if (!same && !set_address(now, interface, lease->address, lease->prefix_length, gateway,
                                  binding.policy(), spare))
            binding.client().decline(now);
    }
    if (address_observer_) address_observer_->notify();
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

void Stack::leave(Instant now) {
    if (forwarder_) forwarder_->leave(now);
    for (const auto& binding : present(dhcp_))
        if (binding) binding->release(now, ip_);
    for (const auto& binding : present(dhcp_v6_))
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

std::span<const IpAddress> Stack::dhcp_v6_dns(const Interface& interface) const {
    for (const auto& binding : present(dhcp_v6_))
        if (binding && &binding->interface() == &interface) return binding->client().dns();
    return {};
}

resolve::SearchList Stack::search_list(const Interface& interface) const {
    resolve::SearchList list;
    if (const dhcp::Lease* known = lease(interface)) list.add_encoded(known->search.view());
    for (const auto& binding : present(dhcp_v6_))
        if (binding && &binding->interface() == &interface)
            list.add_encoded(binding->client().search().view());
    list.add_encoded(interface.ipv6().routers().search().view());
    return list;
}

}  // namespace holm::net
