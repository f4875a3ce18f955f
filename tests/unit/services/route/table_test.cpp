#include <random>

#include <doctest/doctest.h>

#include "services/route/routes.h"
#include "services/route/table_builder.h"

using namespace holm;
using namespace holm::route;
using holm::net::IpAddress;

namespace {

InterfaceRecord interface_at(std::uint32_t address, std::uint8_t length) {
    InterfaceRecord record;
    record.name[0] = 'a';
    record.v4 = AddressSource::kStatic;
    record.v4_address = address;
    record.v4_length = length;
    return record;
}

TableParts::Route via(std::uint16_t interface, IpAddress prefix, std::uint8_t length, IpAddress gateway) {
    return {prefix, length, WayKind::kForward, {interface, true, gateway}};
}

struct Built {
    explicit Built(TableParts parts) : bytes(build_table(std::move(parts))), table(*Table::open(bytes)) {}
    std::optional<Way> way(IpAddress to, std::uint32_t flow = 0) const {
        Routes routes(table);
        for (std::uint8_t i = 0; i < table.interfaces().size(); ++i) routes.set_present(i, i != absent);
        const FibResult result = routes.find(FibKey::of(to), to.is_v4());
        return routes.way(result, to, flow);
    }
    std::vector<std::byte> bytes;
    Table table;
    std::uint8_t absent = kNoInterface;
};

}  // namespace

TEST_CASE("addresses of interfaces become routes") {
    TableParts parts;
    parts.interfaces = {interface_at(0x0a000001, 24), interface_at(0x0a010001, 31)};
    const Built built(std::move(parts));
    const auto neighbor = built.way(IpAddress::v4(10, 0, 0, 9));
    REQUIRE(neighbor);
    CHECK(neighbor->kind == WayKind::kForward);
    CHECK(neighbor->interface == 0);
    CHECK(neighbor->next_hop == IpAddress::v4(10, 0, 0, 9));
    CHECK(built.way(IpAddress::v4(10, 0, 0, 1))->kind == WayKind::kLocal);
    CHECK(built.way(IpAddress::v4(10, 0, 0, 255))->kind == WayKind::kBroadcast);
    CHECK(built.way(IpAddress::v4(10, 0, 0, 0))->kind == WayKind::kBroadcast);
    CHECK(built.way(IpAddress::v4(10, 1, 0, 0))->kind == WayKind::kForward);  // RFC 3021
    CHECK(!built.way(IpAddress::v4(10, 2, 0, 0)));
}

TEST_CASE("flows are spread over equal ways, and go by what is left of them") {
    TableParts parts;
    parts.interfaces = {interface_at(0x0a000001, 24), interface_at(0x0a010001, 24)};
    const IpAddress prefix = IpAddress::v4(192, 0, 2, 0);
    parts.routes = {via(0, prefix, 24, IpAddress::v4(10, 0, 0, 2)),
                    via(1, prefix, 24, IpAddress::v4(10, 1, 0, 2))};
    Built built(std::move(parts));
    std::mt19937 random(1);
    int first = 0;
    for (int i = 0; i < 1000; ++i)
        first += built.way(IpAddress::v4(192, 0, 2, 1), std::uint32_t(random()))->interface == 0;
    CHECK(first > 400);
    CHECK(first < 600);
    built.absent = 0;
    for (int i = 0; i < 100; ++i)
        CHECK(built.way(IpAddress::v4(192, 0, 2, 1), std::uint32_t(random()))->interface == 1);
}

TEST_CASE("what is refused loses to what is sent on, and wins over shorter prefixes") {
    TableParts parts;
    parts.interfaces = {interface_at(0x0a000001, 24)};
    const IpAddress net = IpAddress::v4(192, 0, 2, 0);
    parts.routes = {via(0, IpAddress::any_v4(), 0, IpAddress::v4(10, 0, 0, 2)),
                    {net, 24, WayKind::kBlackhole, {}},
                    {net, 25, WayKind::kProhibited, {}},
                    via(0, net, 25, IpAddress::v4(10, 0, 0, 3))};
    const Built built(std::move(parts));
    CHECK(built.way(IpAddress::v4(192, 0, 2, 200))->kind == WayKind::kBlackhole);
    CHECK(built.way(IpAddress::v4(192, 0, 2, 1))->next_hop == IpAddress::v4(10, 0, 0, 3));
    CHECK(built.way(IpAddress::v4(8, 8, 8, 8))->next_hop == IpAddress::v4(10, 0, 0, 2));
}

TEST_CASE("dynamic routes count by their length") {
    TableParts parts;
    parts.interfaces = {interface_at(0x0a000001, 24), InterfaceRecord()};
    parts.routes = {via(0, IpAddress::v4(172, 16, 0, 0), 12, IpAddress::v4(10, 0, 0, 2))};
    const Built built(std::move(parts));
    Routes routes(built.table);
    const auto find = [&](IpAddress to) { return routes.way(routes.find(FibKey::of(to), true), to, 0); };
    routes.add_dynamic({FibKey::v4(0), true, 0, {WayKind::kForward, 1, IpAddress::v4(192, 0, 2, 1)}});
    routes.add_dynamic({FibKey::v4(0xc0000200), true, 24, {WayKind::kForward, 1, {}}});
    CHECK(find(IpAddress::v4(172, 16, 1, 1))->interface == 0);
    CHECK(find(IpAddress::v4(8, 8, 8, 8))->next_hop == IpAddress::v4(192, 0, 2, 1));
    CHECK(find(IpAddress::v4(192, 0, 2, 9))->next_hop == IpAddress::v4(192, 0, 2, 9));
    routes.clear_dynamic();
    CHECK(!find(IpAddress::v4(8, 8, 8, 8)));
}

TEST_CASE("what is no table is not opened; any bytes behind a sound directory do no harm") {
    TableParts parts;
    parts.interfaces = {interface_at(0x0a000001, 24), interface_at(0x0a010001, 24)};
    parts.routes = {via(0, IpAddress::v4(172, 16, 0, 0), 12, IpAddress::v4(10, 0, 0, 2))};
    const std::vector<std::byte> good = build_table(std::move(parts));
    REQUIRE(Table::open(good));
    CHECK(!Table::open({}));
    CHECK(!Table::open(Bytes(good).first(good.size() - 1)));
    std::mt19937_64 random(5);
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::byte> bad = good;
        for (int i = 0; i < 4; ++i) bad[8 + random() % (bad.size() - 8)] = std::byte(random());
        const auto table = Table::open(bad);
        if (!table) continue;
        const Routes routes(*table);
        for (int i = 0; i < 8; ++i) {
            const IpAddress to = IpAddress::v4(std::uint32_t(random()));
            const FibResult result = routes.find(FibKey::of(to), true);
            const auto way = routes.way(result, to, std::uint32_t(random()));
            if (way) CHECK((way->interface < kMaximumInterfaces || way->interface == kNoInterface));
            routes.leads_through(result, 1);
        }
    }
}
