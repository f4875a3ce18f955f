#include "cli/routes/interface_services.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "cli/routes/names.h"
#include "cli/text/duration.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {

namespace {

constexpr std::size_t kMostHosts = 1024;
constexpr std::uint32_t kLargestPool = 65'536;

std::optional<std::uint32_t> seconds_of(Section& section, std::string_view key, std::string_view example,
                                        std::uint32_t low, std::uint32_t high) {
    const auto text = section.text(key, example);
    if (!text) return std::nullopt;
    const auto duration = parse_duration(text->value);
    if (!duration) {
        section.mistake(text->where, duration.error());
        return std::nullopt;
    }
    const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(*duration).count();
    if (seconds >= low && seconds <= high) return std::uint32_t(seconds);
    section.mistake(text->where,
                    formatted("{} is {}; allowed: {}s to {}s", key, quote(text->value), low, high));
    return std::nullopt;
}

std::optional<net::MacAddress> parse_mac(std::string_view text) {
    net::MacAddress mac;
    if (text.size() != 17) return std::nullopt;
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    for (std::size_t i = 0; i < 6; ++i) {
        const int high = digit(text[i * 3]), low = digit(text[i * 3 + 1]);
        if (high < 0 || low < 0 || (i < 5 && text[i * 3 + 2] != ':')) return std::nullopt;
        mac.bytes[i] = std::uint8_t(high << 4 | low);
    }
    if (mac.is_multicast()) return std::nullopt;
    return mac;
}

class DhcpReader {
  public:
    DhcpReader(Section& section, const route::InterfaceRecord& interface, route::TableParts& parts)
        : section_(section), interface_(interface), parts_(parts) {}

    std::optional<route::DhcpServerRecord> read() {
        route::DhcpServerRecord record;
        const auto pool = section_.text("pool", "\"10.0.0.100-10.0.0.199\"");
        record.lease_seconds = seconds_of(section_, "lease", "\"12h\"", 60, 0x7fff'ffff).value_or(12 * 3600);
        const auto router = section_.text("router", "\"10.0.0.1\"");
        const auto dns = section_.texts("dns", "[\"10.0.0.53\"]");
        const auto domain = section_.text("domain", "\"dmz.example\"");
        const auto hosts = section_.texts("hosts", "[\"02:00:00:00:00:01 10.0.0.10\"]");
        section_.refuse_other_keys();
        if (interface_.v4 != route::AddressSource::kStatic) {
            section_.mistake(section_.where(), "a DHCP server needs an interface with a fixed address");
            return std::nullopt;
        }
        record.router = router ? own_network(*router).value_or(0) : interface_.v4_address;
        if (pool)
            read_pool(*pool, record);
        else if (!section_.has("pool"))
            section_.mistake(section_.where(),
                             "the DHCP server has no pool; write pool = \"10.0.0.100-10.0.0.199\"");
        read_dns(dns.value_or(std::vector<Text>{}), record);
        if (domain) {
            if (domain->value.size() >= record.domain.size() || domain->value.empty() ||
                domain->value.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "0123456789-.") != std::string::npos)
                section_.mistake(domain->where,
                                 formatted("domain is {}; allowed: a name of at most 63 letters, "
                                           "digits, '-' and '.'",
                                           quote(domain->value)));
            else
                std::memcpy(record.domain.data(), domain->value.data(), domain->value.size());
        }
        record.first_host = std::uint32_t(parts_.dhcp_hosts.size());
        for (const Text& host : hosts.value_or(std::vector<Text>{})) read_host(host, record);
        return record;
    }

  private:
    std::optional<std::uint32_t> own_network(const Text& text) {
        const auto address = parse_ipv4(text.value);
        if (!address) {
            section_.mistake(text.where, address.error());
            return std::nullopt;
        }
        const Network network{net::IpAddress::v4(interface_.v4_address), interface_.v4_length};
        if (network.contains(net::IpAddress::v4(address->number()))) return address->number();
        section_.mistake(text.where, formatted("{} is not in the interface's network", text.value));
        return std::nullopt;
    }

    // The network's own address, or its broadcast address.
    bool is_no_host(std::uint32_t address) const {
        if (interface_.v4_length >= 31) return false;
        const std::uint32_t hosts = ~std::uint32_t{0} >> interface_.v4_length;
        return (address & hosts) == 0 || (address & hosts) == hosts;
    }

    void read_pool(const Text& pool, route::DhcpServerRecord& record) {
        const std::size_t dash = pool.value.find('-');
        if (dash == std::string::npos)
            return section_.mistake(pool.where, formatted("pool is {}; allowed: two addresses such as "
                                                          "\"10.0.0.100-10.0.0.199\"",
                                                          quote(pool.value)));
        const auto first = own_network({pool.value.substr(0, dash), pool.where});
        const auto last = own_network({pool.value.substr(dash + 1), pool.where});
        if (!first || !last) return;
        if (*first > *last || *last - *first >= kLargestPool)
            return section_.mistake(
                pool.where,
                formatted("the pool {} is empty or has more than {} addresses", pool.value, kLargestPool));
        if (interface_.v4_address >= *first && interface_.v4_address <= *last)
            return section_.mistake(pool.where, "the router's own address is in the pool");
        if (is_no_host(*first) || is_no_host(*last))
            return section_.mistake(pool.where, "the network's own or its broadcast address is in the pool");
        record.first = *first;
        record.last = *last;
    }

    void read_dns(const std::vector<Text>& servers, route::DhcpServerRecord& record) {
        std::size_t count = 0;
        for (const Text& server : servers) {
            const auto address = parse_ipv4(server.value);
            if (!address)
                section_.mistake(server.where, address.error());
            else if (count == record.dns.size())
                return section_.mistake(server.where,
                                        formatted("more than {} DNS servers", record.dns.size()));
            else
                record.dns[count++] = address->number();
        }
    }

    void read_host(const Text& host, route::DhcpServerRecord& record) {
        const std::size_t space = host.value.find(' ');
        const auto mac = parse_mac(std::string_view(host.value).substr(0, space));
        if (!mac || space == std::string::npos)
            return section_.mistake(host.where, formatted("{} is no host; allowed: a MAC address and an IPv4 "
                                                          "address such as \"02:00:00:00:00:01 10.0.0.10\"",
                                                          quote(host.value)));
        const auto address = own_network({host.value.substr(space + 1), host.where});
        if (!address) return;
        if (*address == interface_.v4_address)
            return section_.mistake(host.where, "this is the router's own address");
        if (is_no_host(*address))
            return section_.mistake(host.where, "this is the network's own or its broadcast address");
        const auto others = std::span(parts_.dhcp_hosts).subspan(record.first_host);
        if (std::ranges::any_of(others, [&](const route::DhcpHostRecord& other) {
                return other.mac == *mac || other.address == *address;
            }))
            return section_.mistake(host.where, "another host has this MAC address or this IPv4 address");
        if (record.host_count == kMostHosts)
            return section_.mistake(host.where, formatted("more than {} hosts", kMostHosts));
        parts_.dhcp_hosts.push_back({*mac, 0, *address});
        ++record.host_count;
    }

    Section& section_;
    const route::InterfaceRecord& interface_;
    route::TableParts& parts_;
};

}  // namespace

void read_dhcp_server(Section& section, route::InterfaceRecord& interface, route::TableParts& parts) {
    const auto record = DhcpReader(section, interface, parts).read();
    if (!record) return;
    interface.dhcp_server = std::uint32_t(parts.dhcp_servers.size());
    parts.dhcp_servers.push_back(*record);
}

void read_advertisement(Section& section, route::InterfaceRecord& interface, route::TableParts& parts) {
    route::AdvertisementRecord record;
    const auto prefixes = section.texts("prefixes", "[\"fd00::/64\"]");
    const auto dns = section.texts("dns", "[\"fd00::53\"]");
    // RFC 4861, section 6.2.1, which also says that the default lifetime is three intervals.
    record.interval_seconds = seconds_of(section, "interval", "\"10m\"", 4, 1800).value_or(600);
    const auto lifetime = seconds_of(section, "lifetime", "\"30m\"", 0, 9000);
    record.lifetime_seconds = std::uint16_t(lifetime.value_or(3 * record.interval_seconds));
    // Section 6.2.1 again.
    if (lifetime && *lifetime != 0 && *lifetime < record.interval_seconds)
        section.mistake(section.where(), "a lifetime is 0, or not shorter than the interval");
    const std::uint32_t valid = seconds_of(section, "valid", "\"24h\"", 0, 0x7fff'ffff).value_or(24 * 3600);
    const std::uint32_t preferred =
        seconds_of(section, "preferred", "\"4h\"", 0, 0x7fff'ffff).value_or(std::min(valid, 4u * 3600));
    record.managed = section.boolean("managed").value_or(false) ? 1 : 0;
    record.other = section.boolean("other").value_or(false) ? 1 : 0;
    section.refuse_other_keys();
    if (interface.v6 != route::AddressSource::kStatic)
        section.mistake(section.where(), "advertisements need an interface with fixed IPv6 addresses");
    if (preferred > valid)
        section.mistake(section.where(), "addresses cannot be preferred for longer than they are valid");

    record.first_prefix = std::uint32_t(parts.advertised_prefixes.size());
    const auto add = [&](const net::IpAddress& prefix, std::uint8_t length) {
        parts.advertised_prefixes.push_back(
            {route::StoredAddress::of(prefix), valid, preferred, length, std::uint8_t(length == 64), 0});
        ++record.prefix_count;
    };
    constexpr std::size_t kMost = 8;
    for (const Text& text : prefixes.value_or(std::vector<Text>{})) {
        const auto network = parse_network(text.value);
        if (!network)
            section.mistake(text.where, network.error());
        else if (network->address.is_v4() || !network->is_prefix() || network->address.is_link_local())
            section.mistake(text.where,
                            formatted("{} is not an IPv6 prefix such as \"fd00::/64\"", quote(text.value)));
        else if (record.prefix_count == kMost)
            section.mistake(text.where, formatted("more than {} prefixes", kMost));
        else
            add(network->address, network->length);
    }
    // Unless told otherwise: the networks that the router itself is in.
    for (std::uint32_t i = 0; !prefixes && i < interface.address_count; ++i) {
        const route::AddressRecord& own = parts.addresses[interface.first_address + i];
        auto bytes = own.address.bytes;
        for (std::size_t bit = own.length; bit < 128; ++bit)
            bytes[bit / 8] &= std::uint8_t(~(0x80 >> bit % 8));
        add(net::IpAddress::v6(bytes), own.length);
    }
    std::size_t servers = 0;
    for (const Text& text : dns.value_or(std::vector<Text>{})) {
        const auto address = parse_ipv6(text.value);
        if (!address)
            section.mistake(text.where, address.error());
        else if (servers == record.dns.size())
            section.mistake(text.where, formatted("more than {} DNS servers", record.dns.size()));
        else
            record.dns[servers++] = {address->bytes};
    }
    interface.advertisement = std::uint32_t(parts.advertisements.size());
    parts.advertisements.push_back(record);
}

}  // namespace holm::cli
