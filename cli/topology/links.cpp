#include "cli/topology/links.h"

#include <algorithm>

#include <net/if.h>

#include "cli/text/format.h"

namespace holm::cli {
namespace {

std::string with_prefix(const Ipv4Network& network) {
    return formatted("{}/{}", network.address.text(), network.prefix_length);
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
    std::map<std::string, std::size_t> devices, clients;
    std::map<std::string, Direct> candidates;
    for (const ComposeService& service : compose_.services) {
        for (const Attachment& one : service.networks) ++devices[one.network];
    }
    for (std::size_t i = 0; i < compose_.clients.size(); ++i) {
        for (const Attachment& one : compose_.clients[i].networks) {
            ++clients[one.network];
            if (one.address) candidates[one.network] = {i};  // readiness is asked from there
        }
    }
    for (const auto& [network, direct] : candidates) {
        if (devices[network] == 1 && clients[network] == 1) direct_.emplace(network, direct);
    }
}

// The network's own name where the kernel takes it: it is what `ip addr` shows to people. Names with a
// capital letter are ours: in the hub the ports of bridges, and networks whose names do not do.
std::string Links::interface_name(const std::string& network) const {
    if (network.size() < IFNAMSIZ && network != "lo" && network != "all" && network != "default")
        return network;
    const auto place = std::ranges::find(compose_.networks, network, &ComposeNetwork::name);
    return formatted("N{}", place - compose_.networks.begin());
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

void Links::make_hub() {
    std::string script;
    for (const ComposeNetwork& network : compose_.networks) {
        if (direct_.contains(network.name)) continue;
        const std::string bridge = interface_name(network.name);
        // Nothing here makes a loop, so ports forward from the start; and nobody asks for multicast group
        // members.
        script +=
            formatted("link add name {} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n", bridge);
        if (network.host) {
            script += formatted("addr add {}/{} dev {}\n", network.host->text(),
                                network.subnet->prefix_length, bridge);
        }
        script += formatted("link set dev {} up\n", bridge);
    }
    std::size_t tap = 0;
    for (const ComposeService& service : compose_.services) {
        for (const Attachment& one : service.networks) {
            if (!direct_.contains(one.network))
                script += formatted("link set dev T{} master {} up\n", tap, interface_name(one.network));
            ++tap;
        }
    }
    std::size_t cable = 0;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        for (const Attachment& one : compose_.clients[i].networks) {
            if (direct_.contains(one.network)) continue;
            const std::string network = interface_name(one.network);
            script += formatted("link add name C{} type veth peer name {} netns /proc/self/fd/{}\n", cable,
                                network, clients_[i].number());
            script += formatted("link set dev C{} master {} up\n", cable++, network);
        }
    }
    run_ip(hub_, script, clients_);
}

void Links::make_client(std::size_t index) {
    std::string script;
    for (const Attachment& one : compose_.clients[index].networks) {
        const std::string name = interface_name(one.network);
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
    run_ip(clients_[index], script);
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
