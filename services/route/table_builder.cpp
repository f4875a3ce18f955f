#include "services/route/table_builder.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <span>
#include <tuple>
#include <utility>

namespace holm::route {

namespace {

using Hop = TableParts::Hop;
using Route = TableParts::Route;

// Ways that are the same are there once.
class Ways {
  public:
    std::uint32_t add(WayKind kind, std::vector<Hop> hops) {
        std::ranges::sort(hops);
        const auto same = std::ranges::unique(hops);
        hops.erase(same.begin(), same.end());
        if (hops.size() > kMaximumHops) hops.resize(kMaximumHops);
        const auto [place, added] = known_.try_emplace(std::pair(kind, hops), std::uint32_t(records.size()));
        if (!added) return place->second;
        records.push_back({kind, std::uint8_t(hops.size()), 0, std::uint32_t(members.size())});
        for (const Hop& hop : hops)
            members.push_back(
                {hop.interface, std::uint8_t(hop.is_gateway), 0, StoredAddress::of(hop.gateway)});
        return place->second;
    }

    std::vector<WayRecord> records;
    std::vector<MemberRecord> members;

  private:
    std::map<std::pair<WayKind, std::vector<Hop>>, std::uint32_t> known_;
};

void add_connected(TableParts& parts) {
    for (std::size_t i = 0; i < parts.interfaces.size(); ++i) {
        const InterfaceRecord& interface = parts.interfaces[i];
        const Hop link{std::uint16_t(i), false, {}};
        if (interface.v4 == AddressSource::kStatic) {
            const net::IpAddress address = net::IpAddress::v4(interface.v4_address);
            parts.routes.push_back({address, interface.v4_length, WayKind::kForward, link});
            parts.routes.push_back({address, 32, WayKind::kLocal, {}});
            if (interface.v4_length <= 30) {
                const std::uint32_t hosts = ~std::uint32_t{0} >> interface.v4_length;
                for (const std::uint32_t end : {interface.v4_address & ~hosts, interface.v4_address | hosts})
                    parts.routes.push_back({net::IpAddress::v4(end), 32, WayKind::kBroadcast, link});
            }
        }
        if (interface.v6 != AddressSource::kStatic) continue;
        for (std::size_t a = interface.first_address;
             a < interface.first_address + interface.address_count && a < parts.addresses.size(); ++a) {
            const AddressRecord& own = parts.addresses[a];
            parts.routes.push_back({own.address.get(), own.length, WayKind::kForward, link});
            parts.routes.push_back({own.address.get(), 128, WayKind::kLocal, {}});
        }
    }
}

// Which of two routes of one prefix stands when they do not agree what to do: what is ours before what is
// not, packets that are sent on before those that are refused.
int rank(WayKind kind) {
    switch (kind) {
        case WayKind::kLocal:
            return 0;
        case WayKind::kBroadcast:
            return 1;
        case WayKind::kForward:
            return 2;
        case WayKind::kProhibited:
        case WayKind::kUnreachable:
        case WayKind::kBlackhole:
            break;
    }
    return 3;
}

FibArrays make_fib(const std::vector<Route>& routes, bool v4, Ways& ways) {
    struct Keyed {
        FibKey key;
        std::uint8_t length;
        const Route* route;
    };
    std::vector<Keyed> keyed;
    for (const Route& route : routes)
        if (route.prefix.is_v4() == v4)
            keyed.push_back({masked(FibKey::of(route.prefix), route.length), route.length, &route});
    std::ranges::stable_sort(keyed, [](const Keyed& a, const Keyed& b) {
        return std::tuple(a.key, a.length, rank(a.route->kind)) <
               std::tuple(b.key, b.length, rank(b.route->kind));
    });
    std::vector<Prefix> prefixes;
    for (std::size_t at = 0; at < keyed.size();) {
        const Keyed& first = keyed[at];
        std::vector<Hop> hops;
        for (; at < keyed.size() && keyed[at].key == first.key && keyed[at].length == first.length; ++at)
            if (keyed[at].route->kind == first.route->kind && first.route->kind == WayKind::kForward)
                hops.push_back(keyed[at].route->hop);
        // Who is on the link is reached there, whatever other ways there are.
        if (std::ranges::any_of(hops, [](const Hop& hop) { return !hop.is_gateway; }))
            std::erase_if(hops, [](const Hop& hop) { return hop.is_gateway; });
        if (first.route->kind == WayKind::kBroadcast) hops.push_back(first.route->hop);
        prefixes.push_back({first.key, first.length, ways.add(first.route->kind, std::move(hops))});
    }
    return build_fib(v4 ? 32 : 128, std::move(prefixes));
}

class Writer {
  public:
    Writer() : bytes_(sizeof(TableDirectory)) {}

    template <typename Record>
    void put(SectionKind kind, const std::vector<Record>& records) {
        bytes_.resize((bytes_.size() + 7) / 8 * 8);
        directory_.sections[std::size_t(kind)] = {std::uint32_t(bytes_.size()),
                                                  std::uint32_t(records.size() * sizeof(Record))};
        const auto raw = std::as_bytes(std::span(records));
        bytes_.insert(bytes_.end(), raw.begin(), raw.end());
    }
    std::vector<std::byte> finish() {
        directory_.size = std::uint32_t(bytes_.size());
        std::memcpy(bytes_.data(), &directory_, sizeof(directory_));
        return std::move(bytes_);
    }

  private:
    std::vector<std::byte> bytes_;
    TableDirectory directory_;
};

}  // namespace

std::vector<std::byte> build_table(TableParts parts) {
    add_connected(parts);
    Ways ways;
    const FibArrays v4 = make_fib(parts.routes, true, ways);
    const FibArrays v6 = make_fib(parts.routes, false, ways);
    parts.general.fib_v4_direct_bits = std::uint16_t(v4.direct_bits);
    parts.general.fib_v6_direct_bits = std::uint16_t(v6.direct_bits);
    Writer writer;
    writer.put(SectionKind::kGeneral, std::vector{parts.general});
    writer.put(SectionKind::kInterfaces, parts.interfaces);
    writer.put(SectionKind::kAddresses, parts.addresses);
    writer.put(SectionKind::kWays, ways.records);
    writer.put(SectionKind::kMembers, ways.members);
    writer.put(SectionKind::kDhcpServers, parts.dhcp_servers);
    writer.put(SectionKind::kDhcpHosts, parts.dhcp_hosts);
    writer.put(SectionKind::kAdvertisements, parts.advertisements);
    writer.put(SectionKind::kAdvertisedPrefixes, parts.advertised_prefixes);
    writer.put(SectionKind::kFibV4Direct, v4.direct);
    writer.put(SectionKind::kFibV4Nodes, v4.nodes);
    writer.put(SectionKind::kFibV4Leaves, v4.leaves);
    writer.put(SectionKind::kFibV6Direct, v6.direct);
    writer.put(SectionKind::kFibV6Nodes, v6.nodes);
    writer.put(SectionKind::kFibV6Leaves, v6.leaves);
    return writer.finish();
}

}  // namespace holm::route
