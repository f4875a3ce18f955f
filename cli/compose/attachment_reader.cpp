#include "cli/compose/attachment_reader.h"

#include <algorithm>

#include "abi/manifest.h"
#include "cli/compose/docker_keys.h"
#include "cli/settings/accept.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

constexpr std::size_t kMostNetworks = HOLM_MAX_DEVICES;  // of a service, a client

using Networks = std::vector<ComposeNetwork>;

const ComposeNetwork* find_network(Section& section, const Text& name, const Networks& networks) {
    std::vector<std::string_view> names;
    for (const ComposeNetwork& network : networks) {
        if (network.name == name.value) return &network;
        names.push_back(network.name);
    }
    const std::string_view near = nearest(name.value, names);
    section.mistake(name.where,
                    formatted("there is no network {}{}; {}", quote(name.value),
                              near.empty() ? "" : formatted(", did you mean \"{}\"?", near),
                              names.empty() ? "a network is a table " + section.spelled("[networks.NAME]")
                                            : "there are: " + join(names)));
    return nullptr;
}

// Addresses are written without a prefix length: the network has it.
void read_ipv4(Section& section, const ComposeNetwork& network, Attachment& attachment) {
    const auto text = section.text("ipv4_address", "\"10.0.0.2\"");
    const auto gateway = section.text("gateway", "\"10.0.0.1\"");
    const auto address = accept(section, text, parse_ipv4);
    attachment.gateway = accept(section, gateway, parse_ipv4);
    if (address && !network.subnet) {
        section.mistake(text->where,
                        formatted("network {} has no subnet, which ipv4_address needs", network.name));
    } else if (address) {
        const std::uint8_t prefix = network.subnet->prefix_length;
        const auto whole = parse_ipv4_network(formatted("{}/{}", address->text(), prefix));
        if (!whole) {
            section.mistake(text->where, whole.error());
        } else if (!network.subnet->contains(*address)) {
            section.mistake(text->where, formatted("{} is not in {}/{} of network {}", address->text(),
                                                   network.subnet->address.text(), prefix, network.name));
        } else {
            attachment.address = *whole;
        }
    }
    if (!attachment.gateway) return;
    if (!text) {
        section.mistake(gateway->where, "gateway needs an ipv4_address beside it");
    } else if (network.subnet && !network.subnet->contains(*attachment.gateway)) {
        section.mistake(gateway->where, formatted("the gateway {} is not in {}/{} of network {}",
                                                  gateway->value, network.subnet->address.text(),
                                                  network.subnet->prefix_length, network.name));
    } else if (address && *address == *attachment.gateway) {
        section.mistake(gateway->where, formatted("the gateway {} is its own address", gateway->value));
    }
}

void read_ipv6(Section& section, const ComposeNetwork& network, Attachment& attachment) {
    const auto text = section.text("ipv6_address", "\"fd00:1::2\"");
    const auto gateway = section.text("gateway6", "\"fd00:1::1\"");
    const auto address = accept(section, text, parse_ipv6);
    attachment.gateway6 = accept(section, gateway, parse_ipv6);
    if (address && !network.subnet6) {
        section.mistake(text->where,
                        formatted("network {} has no subnet6, which ipv6_address needs", network.name));
    } else if (address && !network.subnet6->contains(*address)) {
        section.mistake(text->where, formatted("{} is not in {}/{} of network {}", address->text(),
                                               network.subnet6->address.text(),
                                               network.subnet6->prefix_length, network.name));
    } else if (address) {
        attachment.address6 = Ipv6Network{*address, network.subnet6->prefix_length};
    }
    if (attachment.gateway6 && !text)
        section.mistake(gateway->where, "gateway6 needs an ipv6_address beside it");
}

void read_dns(Section& section, Attachment& attachment) {
    const auto servers = section.texts("dns", "[\"10.0.0.53\"]");
    for (const Text& server : servers.value_or(std::vector<Text>{})) {
        const bool v6 = server.value.contains(':');
        if (v6 ? accept(section, std::optional(server), parse_ipv6).has_value()
               : accept(section, std::optional(server), parse_ipv4).has_value())
            attachment.dns.push_back(server.value);
        if (attachment.dns.size() == 4) section.mistake(server.where, "more than 3 DNS servers");
    }
}

void read_settings(Section& section, const ComposeNetwork& network, Attachment& attachment) {
    attachment.network = network.name;
    read_ipv4(section, network, attachment);
    read_ipv6(section, network, attachment);
    read_dns(section, attachment);
}

// One entry of `networks`. `by_device`: the key is a device, and the table names its network.
std::optional<Attachment> read_one(Section& all, const Section::Entry& entry, bool by_device,
                                   const Networks& networks) {
    Attachment attachment{.where = entry.key.where};
    if (by_device) attachment.device = entry.key.value;
    if (entry.value && by_device) {
        const ComposeNetwork* network = find_network(all, *entry.value, networks);
        if (network == nullptr) return std::nullopt;
        attachment.network = network->name;
        return attachment;
    }
    auto section = all.table(entry.key.value);
    if (!section) return std::nullopt;
    std::optional<Text> name = entry.key;
    if (by_device) name = section->text("network", "\"dmz\"");
    const ComposeNetwork* network = nullptr;
    if (name) {
        network = find_network(*section, *name, networks);
    } else if (!section->has("network")) {
        // docker-compose's keys are networks.
        const bool is_network = std::ranges::contains(networks, entry.key.value, &ComposeNetwork::name);
        section->mistake(
            section->where(),
            is_network
                ? formatted("{} is a network, and the key is the image's device; write {}",
                            quote(entry.key.value),
                            section->spelled(formatted("DEVICE = {{ network = \"{}\" }}", entry.key.value)))
                : formatted("{} is on no network; write {}", quote(entry.key.value),
                            section->spelled("network = \"dmz\"")));
    }
    if (network == nullptr) return std::nullopt;
    read_settings(*section, *network, attachment);
    section->refuse_other_keys(docker_attachment_keys());
    return attachment;
}

std::vector<Attachment> read_all(Section& owner, bool by_device, const Networks& networks) {
    std::vector<Attachment> attachments;
    if (by_device && owner.is_list("networks")) {
        owner.know("networks");
        owner.mistake(
            owner.where_of("networks"),
            owner.spelled("networks says which of the image's devices is on which network: networks "
                          "= { DEVICE = \"NETWORK\" }; holm inspect IMAGE shows its devices"));
        return attachments;
    }
    auto section = owner.table("networks");
    if (!section) return attachments;
    const std::vector<Section::Entry> entries = section->entries();
    if (entries.size() > kMostNetworks) {
        section->mistake(section->where(), formatted("more than {} networks", kMostNetworks));
        return attachments;
    }
    for (const Section::Entry& entry : entries) {
        auto attachment = read_one(*section, entry, by_device, networks);
        if (attachment) attachments.push_back(*std::move(attachment));
    }
    return attachments;
}

}  // namespace

std::vector<Attachment> read_devices(Section& service, const Networks& networks) {
    return read_all(service, true, networks);
}

std::vector<Attachment> read_links(Section& client, const Networks& networks) {
    return read_all(client, false, networks);
}

}  // namespace holm::cli
