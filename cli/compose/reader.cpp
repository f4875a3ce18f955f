#include "cli/compose/reader.h"

#include <algorithm>
#include <map>
#include <set>

#include "cli/compose/attachment_reader.h"
#include "cli/compose/docker_keys.h"
#include "cli/compose/order.h"
#include "cli/compose/service_reader.h"
#include "cli/settings/accept.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

constexpr std::size_t kMostParts = 256;  // networks, services and clients, each

constexpr KeyHome kHomes[] = {{"image", "[services.NAME]"},
                              {"ports", "[services.NAME]"},
                              {"depends_on", "[services.NAME]"},
                              {"restart", "[services.NAME]"},
                              {"subnet", "[networks.NAME]"},
                              {"ipv4_address", "[services.NAME.networks.DEVICE]"},
                              {"gateway", "[services.NAME.networks.DEVICE]"}};

ComposeNetwork read_network(Section& section, std::string name) {
    ComposeNetwork network{.name = std::move(name), .where = section.where()};
    network.subnet = accept(section, section.text("subnet", "\"10.0.0.0/24\""), parse_ipv4_subnet);
    network.subnet6 = accept(section, section.text("subnet6", "\"fd00:1::/64\""), parse_ipv6_subnet);
    const auto host = section.text("host", "\"10.0.0.254\"");
    network.host = accept(section, host, parse_ipv4);
    if (network.host && (!network.subnet || !network.subnet->contains(*network.host)))
        section.mistake(host->where,
                        formatted("the host's address {} is not in the network's subnet", host->value));
    const auto host6 = section.text("host6", "\"fd00:1::fffe\"");
    network.host6 = accept(section, host6, parse_ipv6);
    if (network.host6 && (!network.subnet6 || !network.subnet6->contains(*network.host6)))
        section.mistake(host6->where,
                        formatted("the host's address {} is not in the network's subnet6", host6->value));
    network.vlan = static_cast<std::uint16_t>(section.number("vlan", 1, 4094).value_or(0));
    if (const auto trunk = section.text("trunk", "\"wire\"")) network.trunk = trunk->value;
    if (section.has("vlan") != section.has("trunk")) {
        section.mistake(section.where(),
                        section.spelled("vlan and trunk go together: vlan = 10, trunk = \"NETWORK\""));
    }
    section.refuse_other_keys(docker_network_keys());
    return network;
}

// A trunk is a network with a wire of its own, and has each VLAN once.
void check_trunks(const std::vector<ComposeNetwork>& networks, Mistakes& mistakes) {
    std::map<std::pair<std::string_view, std::uint16_t>, std::string_view> vlans;
    for (const ComposeNetwork& network : networks) {
        if (network.vlan == 0 || network.trunk.empty()) continue;
        const auto trunk = std::ranges::find(networks, network.trunk, &ComposeNetwork::name);
        const auto complain = [&](std::string_view why) {
            mistakes.push_back({network.where, formatted("the trunk of network {} is {}, {}", network.name,
                                                         quote(network.trunk), why)});
        };
        if (trunk == networks.end()) {
            std::vector<std::string_view> names;
            for (const ComposeNetwork& one : networks) {
                if (one.vlan == 0) names.push_back(one.name);
            }
            complain(formatted("which is no network; there are: {}", join(names)));
        } else if (trunk->vlan != 0) {
            complain("which is a VLAN itself; expected: a network without one");
        } else if (const auto [place, fresh] =
                       vlans.emplace(std::pair(std::string_view(network.trunk), network.vlan), network.name);
                   !fresh) {
            complain(formatted("whose VLAN {} is network {} already", network.vlan, place->second));
        }
    }
}

// Calls `read` with each table of [kind.NAME].
template <typename Read>
void for_each_part(Section& top, std::string_view kind, Read read) {
    auto all = top.table(kind);
    if (!all) return;
    const std::vector<Section::Entry> entries = all->entries();
    if (entries.size() > kMostParts)
        return top.mistake(all->where(), formatted("more than {} {}", kMostParts, kind));
    for (const Section::Entry& entry : entries) {
        const std::optional<Text> key = entry.key;
        auto section = all->table(entry.key.value);
        if (section && accept(*all, key, parse_name)) read(*section, entry.key.value);
    }
}

// The namespace that readiness is asked from knows one way to an address.
void refuse_overlaps(const std::vector<ComposeNetwork>& networks, Mistakes& mistakes) {
    const auto overlap = [](const auto& a, const auto& b) {
        return a && b && (a->contains(b->address) || b->contains(a->address));
    };
    for (std::size_t i = 1; i < networks.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            const bool v4 = overlap(networks[i].subnet, networks[k].subnet);
            if (!v4 && !overlap(networks[i].subnet6, networks[k].subnet6)) continue;
            mistakes.push_back({networks[i].where, formatted("the {} of networks {} and {} overlap",
                                                             v4 ? "subnets" : "IPv6 subnets",
                                                             networks[k].name, networks[i].name)});
            break;
        }
    }
}

// Nobody may have two of the same: addresses on a network, ports of the host, devices of a client's name.
class Uniqueness {
  public:
    explicit Uniqueness(Mistakes& mistakes) : mistakes_(mistakes) {}

    void look_at(const Compose& compose) {
        for (const ComposeNetwork& network : compose.networks) {
            if (network.host) claim(network.name, network.host->text(), "the host", network.where);
            if (network.host6) claim(network.name, network.host6->text(), "the host", network.where);
        }
        for (const ComposeService& service : compose.services) {
            attachments(service.name, service.networks);
            for (const std::string& port : service.ports) claim_port(service, port);
        }
        for (const ComposeClient& client : compose.clients) {
            attachments(client.name, client.networks);
            if (std::ranges::contains(compose.services, client.name, &ComposeService::name)) {
                mistakes_.push_back(
                    {client.where, formatted("{} is the name of a service and of a client", client.name)});
            }
        }
    }

    bool is_taken(const std::string& network, const std::string& address) const {
        return owners_.contains({network, address});
    }

  private:
    void attachments(const std::string& owner, const std::vector<Attachment>& all) {
        for (const Attachment& one : all) {
            if (one.address) claim(one.network, one.address->address.text(), owner, one.where);
            if (one.address6) claim(one.network, one.address6->address.text(), owner, one.where);
        }
    }

    void claim(const std::string& network, const std::string& address, const std::string& owner,
               Position where) {
        const auto [place, fresh] = owners_.emplace(std::pair(network, address), owner);
        if (fresh) return;
        mistakes_.push_back({where, formatted("{} has the address {} of network {} already", place->second,
                                              address, network)});
    }

    void claim_port(const ComposeService& service, const std::string& text) {
        const PortForward forward = *parse_port_forward(text);
        const auto [place, fresh] =
            ports_.emplace(std::tuple(forward.address_text(), forward.host_port, forward.udp), service.name);
        if (fresh) return;
        mistakes_.push_back({service.where, formatted("{} publishes port {} of {} already", place->second,
                                                      forward.host_port, forward.address_text())});
    }

    Mistakes& mistakes_;
    std::map<std::pair<std::string, std::string>, std::string> owners_;  // (network, address)
    std::map<std::tuple<std::string, std::uint16_t, bool>, std::string> ports_;
};

// The highest but the last, as with IPv4; of as many as there can be services and clients one is free.
void give_host_address6(ComposeNetwork& network, const Uniqueness& taken) {
    if (network.host6 || !network.subnet6) return;
    Ipv6 address = network.subnet6->address;
    for (std::size_t bit = network.subnet6->prefix_length; bit < 127; ++bit)
        address.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
    while (taken.is_taken(network.name, address.text())) {
        for (std::size_t i = address.bytes.size(); i-- > 0 && address.bytes[i]-- == 0;) {
        }
    }
    if (network.subnet6->contains(address) && address != network.subnet6->address) network.host6 = address;
}

void give_host_addresses(Compose& compose, const Uniqueness& taken) {
    for (ComposeNetwork& network : compose.networks) {
        give_host_address6(network, taken);
        if (network.host || !network.subnet) continue;
        const std::uint32_t first = network.subnet->address.number();
        for (std::uint32_t last = (first | ~network.subnet->mask()) - 1; last > first; --last) {
            const Ipv4 address{{static_cast<std::uint8_t>(last >> 24), static_cast<std::uint8_t>(last >> 16),
                                static_cast<std::uint8_t>(last >> 8), static_cast<std::uint8_t>(last)}};
            if (taken.is_taken(network.name, address.text())) continue;
            network.host = address;
            break;
        }
    }
}

Compose read_top(Section top, std::string_view project, Mistakes& mistakes) {
    Compose compose{.name = std::string(project)};
    if (const auto name = accept(top, top.text("name", "\"poc\""), parse_name)) compose.name = *name;
    for_each_part(top, "networks", [&](Section& section, const std::string& name) {
        compose.networks.push_back(read_network(section, name));
    });
    refuse_overlaps(compose.networks, mistakes);
    check_trunks(compose.networks, mistakes);
    for_each_part(top, "services", [&](Section& section, const std::string& name) {
        compose.services.push_back(read_service(section, name, compose.networks));
    });
    for_each_part(top, "clients", [&](Section& section, const std::string& name) {
        compose.clients.push_back({name, read_links(section, compose.networks), section.where()});
        section.refuse_other_keys();
    });
    top.refuse_other_keys(docker_top_keys());
    if (const auto named = parse_name(compose.name); !named)
        mistakes.push_back({{1, 1},
                            formatted("the project has no name: {}; write {}", named.error(),
                                      top.spelled("name = \"poc\""))});
    if (compose.services.empty() && mistakes.empty())
        mistakes.push_back(
            {{1, 1},
             formatted("there is no service; a service is a table {}", top.spelled("[services.NAME]"))});
    Uniqueness uniqueness(mistakes);
    uniqueness.look_at(compose);
    give_host_addresses(compose, uniqueness);
    order_services(compose.services, mistakes);
    return compose;
}

}  // namespace

std::expected<Compose, Mistakes> read_compose(std::string_view text, std::string_view project,
                                              Notation notation) {
    if (text.size() > kLargestComposeFile)
        return std::unexpected(Mistakes{{{1, 1}, "the file is larger than 1 MiB"}});
    const auto document = Document::parse(text, notation);
    if (!document) return std::unexpected(Mistakes{document.error()});
    Mistakes mistakes;
    Compose compose = read_top(document->top("the compose file", mistakes, kHomes), project, mistakes);
    compose.notation = notation;
    if (mistakes.empty()) return compose;
    return std::unexpected(in_order(std::move(mistakes)));
}

}  // namespace holm::cli
