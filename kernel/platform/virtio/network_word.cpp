#include "kernel/platform/virtio/network_word.h"

#include <algorithm>

#include "base/address_text.h"
#include "kernel/platform/virtio/words.h"

namespace holm::platform {
namespace {

constexpr std::uint64_t kHighestVlan = 4094;
constexpr std::uint64_t kLowestMtu = 576;  // RFC 791

bool take_ipv6(std::string_view text, std::uint8_t (&address)[16]) {
    const auto parsed = parse_ipv6(text);
    if (parsed) std::copy(parsed->begin(), parsed->end(), address);
    return parsed.has_value();
}

bool take_address_v6(std::string_view value, holm_boot_net& net) {
    net.ipv6_configuration = value == "auto"   ? HOLM_NET_AUTOMATIC
                             : value == "dhcp" ? HOLM_NET_DHCP
                             : value == "off"  ? HOLM_NET_OFF
                                               : HOLM_NET_STATIC;
    if (net.ipv6_configuration != HOLM_NET_STATIC) return true;
    const bool address = take_ipv6(cut(value, '/'), net.ipv6_address);
    const auto length = parse_number(value, 128);
    if (!address || !length || *length == 0) return false;
    net.ipv6_prefix_length = static_cast<std::uint8_t>(*length);
    return true;
}

}  // namespace

CommandLine::Outcome network_word(CommandLine& line, std::string_view word) {
    std::string_view rest = word;
    cut(rest, '=');
    if (line.net_count == line.nets.size()) return wrong("more than 64 devices", word);
    CommandLine::Net& net = line.nets[line.net_count++];
    net = {};
    net.name = cut(rest, ',');
    if (net.name.empty())
        return wrong("names no device; expected holm.net=NAME,ip=A.B.C.D/N and so on", word);
    unsigned servers = 0, servers_v6 = 0;
    bool gateway = false, gateway_v6 = false;
    while (!rest.empty()) {
        std::string_view value = cut(rest, ',');
        const std::string_view key = cut(value, '=');
        bool good = false;
        if (key == "ip" && (value == "dhcp" || value == "off")) {
            net.settings.configuration = value == "dhcp" ? HOLM_NET_DHCP : HOLM_NET_OFF;
            good = true;
        } else if (key == "ip6") {
            good = take_address_v6(value, net.settings);
        } else if (key == "gw6") {
            good = gateway_v6 = take_ipv6(value, net.settings.ipv6_gateway);
        } else if (key == "secret") {
            good = take_ipv6(value, net.settings.ipv6_secret);
        } else if (key == "dns" && value.find(':') != value.npos && servers_v6 < 2) {
            good = take_ipv6(value, net.settings.ipv6_dns[servers_v6++]);
        } else if (key == "ip") {
            const bool address = parse_ipv4(cut(value, '/'), net.settings.ipv4_address);
            const auto length = parse_number(value, 32);
            good = address && length && *length != 0;
            if (good) net.settings.ipv4_prefix_length = static_cast<std::uint8_t>(*length);
            net.settings.configuration = HOLM_NET_STATIC;
        } else if (key == "gw") {
            good = gateway = parse_ipv4(value, net.settings.ipv4_gateway);
        } else if (key == "dns" && servers < 2) {
            good = parse_ipv4(value, net.settings.ipv4_dns[servers++]);
        } else if (key == "mac") {
            good = net.has_mac = parse_mac(value, net.settings.mac);
        } else if (key == "vlan") {
            const auto id = parse_number(value, kHighestVlan);
            good = value == "off" || (id && *id != 0);
            if (good)
                net.settings.vlan = value == "off" ? HOLM_NET_UNTAGGED : static_cast<std::uint16_t>(*id);
        } else if (key == "mtu") {
            const auto mtu = parse_number(value, 65535);
            good = mtu && *mtu >= kLowestMtu;
            if (good) net.settings.mtu = static_cast<std::uint16_t>(*mtu);
        }
        if (!good)
            return wrong(
                "a setting that is none; expected ip=A.B.C.D/N or ip=dhcp, gw= ip6= gw6= dns= vlan= mac= "
                "mtu= secret=",
                word);
    }
    if (net.settings.configuration != HOLM_NET_STATIC && (gateway || servers != 0))
        return wrong("gw= or dns= without an address, ip=A.B.C.D/N", word);
    if (net.settings.ipv6_configuration != HOLM_NET_STATIC && (gateway_v6 || servers_v6 != 0))
        return wrong("gw6= or an IPv6 dns= without an address, ip6=fd00::2/N", word);
    return {};
}

}  // namespace holm::platform
