#include "cli/manifest/net_reader.h"

#include "cli/settings/accept.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr std::size_t kMostDns = 2;           // holm_configured_interface.ipv4_dns
constexpr std::uint32_t kHighestVlan = 4094;  // IEEE 802.1Q

struct Ipv4Settings {
    std::optional<Text> address, gateway;
    std::optional<std::vector<Text>> dns;

    bool dhcp() const { return !address || address->value == "dhcp" || address->value == "off"; }
};

void read_ipv4(Section& section, NetDevice& device, const Ipv4Settings& said) {
    device.ipv4_off = said.address && said.address->value == "off";
    if (!said.dhcp()) {
        device.address = accept(section, said.address, parse_ipv4_network);
    } else if (said.gateway) {
        section.mistake(said.gateway->where,
                        "gateway needs a fixed address beside it; with DHCP the server names the gateway");
    } else if (said.dns && !device.ipv6_address) {
        section.mistake(section.where(),
                        "dns needs a fixed address beside it; with DHCP the server names the DNS servers");
    }
    device.gateway = accept(section, said.gateway, parse_ipv4);
    if (!device.gateway || !device.address) return;
    if (!device.address->contains(*device.gateway)) {
        section.mistake(said.gateway->where, formatted("the gateway {} is not in {}", device.gateway->text(),
                                                       said.address->value));
    }
    if (*device.gateway == device.address->address) {
        section.mistake(said.gateway->where,
                        formatted("the gateway {} is the interface's own address", said.gateway->value));
    }
}

void read_dns(Section& section, NetDevice& device, const Ipv4Settings& said) {
    for (const Text& server : said.dns.value_or(std::vector<Text>{})) {
        const bool v6 = server.value.contains(':');
        if (v6 ? !device.ipv6_address : said.dhcp()) {
            section.mistake(server.where, formatted("the DNS server {} needs a fixed address of its family",
                                                    quote(server.value)));
        } else if (v6) {
            if (const auto parsed = accept(section, std::optional(server), parse_ipv6))
                device.ipv6_dns.push_back(*parsed);
        } else if (const auto parsed = accept(section, std::optional(server), parse_ipv4)) {
            device.dns.push_back(*parsed);
        }
        if (device.dns.size() > kMostDns || device.ipv6_dns.size() > kMostDns)
            section.mistake(server.where, "more than 2 DNS servers of a family");
    }
}

void read_ipv6(Section& section, NetDevice& device) {
    const auto address = section.text("address6", "\"auto\", \"dhcp\", \"off\" or \"fd00::2/64\"");
    const auto gateway = section.text("gateway6", "\"fd00::1\"");
    if (address && address->value != "auto" && address->value != "dhcp" && address->value != "off") {
        device.ipv6_way.clear();
        device.ipv6_address = accept(section, address, parse_ipv6_network);
    } else if (address) {
        device.ipv6_way = address->value;
    }
    if (gateway && (!address || !device.ipv6_way.empty())) {
        section.mistake(gateway->where,
                        "gateway6 needs a fixed address6 beside it; otherwise routers name themselves");
    }
    device.ipv6_gateway = accept(section, gateway, parse_ipv6);
}

}  // namespace

void read_net_settings(Section& section, NetDevice& device) {
    const Ipv4Settings said{.address = section.text("address", "\"dhcp\", \"off\" or \"10.0.0.2/24\""),
                            .gateway = section.text("gateway", "\"10.0.0.1\""),
                            .dns = section.texts("dns", "[\"10.0.0.1\"]")};
    device.vlan = static_cast<std::uint16_t>(section.number("vlan", 1, kHighestVlan).value_or(0));
    read_ipv6(section, device);
    read_ipv4(section, device, said);
    read_dns(section, device, said);
}

}  // namespace holm::cli
