#include "cli/topology/links.h"

#include <algorithm>

#include <net/if.h>

#include "cli/failure.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

std::string with_prefix(const Ipv4Network& network) {
    return formatted("{}/{}", network.address.text(), network.prefix_length);
}

// Whether a client has an address in the family that readiness is asked in (Service::start_probe).
bool reaches(const Attachment& client, const Attachment& device) {
    if (device.address) return client.address.has_value();
    if (device.address6) return client.address6.has_value();
    return client.address || client.address6;
}

// Makes links with ip(8), and says what is meant by its complaint about the kernel.
void run_script(const Descriptor& where, const std::string& script, std::span<const Descriptor> others) {
    try {
        run_ip(where, script, others);
    } catch (const Failure& failure) {
        if (!script.contains(" type vlan ") ||
            !std::string_view(failure.what()).contains("Unknown device type"))
            throw;
        throw Failure(
            "this machine's kernel has no VLAN interfaces (CONFIG_VLAN_8021Q), which a client on a VLAN "
            "needs, "
            "and a readiness check over one; services among themselves do without, with a check of their "
            "log");
    }
}

}  // namespace

Links::Links(const Compose& compose) : compose_(compose), hub_(make_network_namespace()) {
    for (std::size_t i = 0; i < compose.clients.size(); ++i) clients_.push_back(make_network_namespace());
    find_direct_networks();
    make_taps();
    make_hub();
    for (std::size_t i = 0; i < clients_.size(); ++i) make_client(i);
}

void Links::find_direct_networks() {
    std::map<std::string, std::vector<const Attachment*>> devices;
    std::map<std::string, std::vector<std::pair<std::size_t, const Attachment*>>> clients;
    for (const ComposeService& service : compose_.services) {
        for (const Attachment& one : service.networks) devices[one.network].push_back(&one);
    }
    for (std::size_t i = 0; i < compose_.clients.size(); ++i) {
        for (const Attachment& one : compose_.clients[i].networks) clients[one.network].emplace_back(i, &one);
    }
    for (const ComposeNetwork& network : compose_.networks) {
        if (network.vlan != 0) devices[network.trunk].clear();  // there is more on that wire
        if (network.vlan != 0) devices[network.name].clear();
    }
    for (const auto& [network, ends] : clients) {
        if (ends.size() != 1 || devices[network].size() != 1) continue;
        if (reaches(*ends[0].second, *devices[network][0])) direct_.emplace(network, Direct{ends[0].first});
    }
}

// The network's own name where the kernel takes it: it is what `ip addr` shows to people. Names with a
// capital letter are ours: in the hub the ports of bridges, and networks whose names do not do.
std::string Links::interface_name(const std::string& network) const {
    if (network.size() < IFNAMSIZ && network != "lo" && network != "all" && network != "default")
        return network;
    return formatted("N{}", index_of(network));
}

std::size_t Links::index_of(const std::string& network) const {
    const auto place = std::ranges::find(compose_.networks, network, &ComposeNetwork::name);
    return static_cast<std::size_t>(place - compose_.networks.begin());
}

void Links::make_taps() {
    for (const ComposeService& service : compose_.services) {
        for (const Attachment& one : service.networks) {
            const auto direct = direct_.find(one.network);
            const bool alone = direct != direct_.end();
            const Descriptor& where = alone ? clients_[direct->second.client] : hub_;
            const std::string name = alone ? interface_name(one.network) : formatted("T{}", taps_.size());
            taps_.emplace(std::pair(service.name, one.device), make_tap(where, name));
        }
    }
}

// The bridge that a network's devices are on: its own, or its trunk's.
std::string Links::wire_name(const std::string& network) const {
    const ComposeNetwork& description = *compose_.network(network);
    return interface_name(description.vlan == 0 ? network : description.trunk);
}

// What lies in a client's namespace and leads to the wire; below the VLAN's own interface where it is one.
std::string Links::cable_end(const std::string& network) const {
    const std::string name = interface_name(network);
    return compose_.network(network)->vlan == 0 ? name : formatted("V{}", index_of(network));
}

// Whether a service on the network is asked for its readiness over it.
bool Links::is_asked(const ComposeNetwork& network) const {
    return std::ranges::any_of(compose_.services, [&](const ComposeService& service) {
        return service.health && service.health->needs_address() &&
               std::ranges::contains(service.networks, network.name, &Attachment::network);
    });
}

// This machine's own interface on a network, which is the bridge or a VLAN of one. Not every kernel has
// VLANs, and services alone do without.
std::string Links::host_script(const ComposeNetwork& network) const {
    if (network.vlan != 0 && !is_asked(network)) return "";
    const std::string name = interface_name(network.name);
    std::string script;
    if (network.vlan != 0) {
        script += formatted("link add link {} name {} type vlan id {}\n", wire_name(network.name), name,
                            network.vlan);
    }
    if (network.host) {
        script +=
            formatted("addr add {}/{} dev {}\n", network.host->text(), network.subnet->prefix_length, name);
    }
    if (network.host6) {  // nodad: see make_client
        script += formatted("addr add {}/{} dev {} nodad\n", network.host6->text(),
                            network.subnet6->prefix_length, name);
    }
    return script + formatted("link set dev {} up\n", name);
}

void Links::make_hub() {
    std::string script;
    for (const ComposeNetwork& network : compose_.networks) {
        // Nothing here makes a loop, so ports forward from the start; and nobody asks for multicast group
        // members.
        if (network.vlan == 0 && !direct_.contains(network.name)) {
            script += formatted("link add name {} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n",
                                interface_name(network.name));
        }
    }
    for (const ComposeNetwork& network : compose_.networks) {
        if (!direct_.contains(network.name)) script += host_script(network);
    }
    std::size_t tap = 0;
    for (const ComposeService& service : compose_.services) {
        for (const Attachment& one : service.networks) {
            if (!direct_.contains(one.network))
                script += formatted("link set dev T{} master {} up\n", tap, wire_name(one.network));
            ++tap;
        }
    }
    std::size_t cable = 0;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        for (const Attachment& one : compose_.clients[i].networks) {
            if (direct_.contains(one.network)) continue;
            script += formatted("link add name C{} type veth peer name {} netns /proc/self/fd/{}\n", cable,
                                cable_end(one.network), clients_[i].number());
            script += formatted("link set dev C{} master {} up\n", cable++, wire_name(one.network));
        }
    }
    run_script(hub_, script, clients_);
}

void Links::make_client(std::size_t index) {
    std::string script;
    for (const Attachment& one : compose_.clients[index].networks) {
        const std::string name = interface_name(one.network);
        if (const std::uint16_t vlan = compose_.network(one.network)->vlan; vlan != 0) {
            const std::string below = cable_end(one.network);
            script += formatted("link set dev {} up\n", below);
            script += formatted("link add link {} name {} type vlan id {}\n", below, name, vlan);
        }
        if (one.address) script += formatted("addr add {} dev {}\n", with_prefix(*one.address), name);
        // Nobody else can have it: no second of waiting for duplicates (RFC 4862, section 5.4).
        if (one.address6) {
            script += formatted("addr add {}/{} dev {} nodad\n", one.address6->address.text(),
                                one.address6->prefix_length, name);
        }
        script += formatted("link set dev {} up\n", name);
    }
    for (const Attachment& one : compose_.clients[index].networks) {
        const std::string name = interface_name(one.network);
        if (one.gateway) script += formatted("route add default via {} dev {}\n", one.gateway->text(), name);
        if (one.gateway6) script += formatted("route add ::/0 via {} dev {}\n", one.gateway6->text(), name);
    }
    run_script(clients_[index], script, {});
}

int Links::tap(const std::string& service, const std::string& device) const {
    return taps_.at({service, device}).number();
}

const Descriptor& Links::client(const std::string& name) const {
    const auto place = std::ranges::find(compose_.clients, name, &ComposeClient::name);
    return clients_[static_cast<std::size_t>(place - compose_.clients.begin())];
}

const Descriptor& Links::vantage(const std::string& network) const {
    const auto direct = direct_.find(network);
    return direct == direct_.end() ? hub_ : clients_[direct->second.client];
}

}  // namespace holm::cli
