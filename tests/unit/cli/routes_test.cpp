// router.toml: what it becomes, and what is said about mistakes in it.

#include "services/route/routes.h"

#include <doctest/doctest.h>

#include "cli/routes/reader.h"

using namespace holm;
using namespace holm::cli;
using net::IpAddress;

namespace {

auto read(std::string_view text, std::string_view routes = "") {
    return read_router(text, "router.toml",
                       [&](const std::string& path) -> std::expected<std::string, std::string> {
                           if (path == "routes.txt") return std::string(routes);
                           return std::unexpected("cannot be read");
                       });
}

// "line:column text" of the only mistake; its file in front if that is another.
std::string mistake(std::string_view text, std::string_view routes = "") {
    const auto parts = read(text, routes);
    if (parts) return "none";
    if (parts.error().size() != 1) return "several: " + parts.error()[0].mistake.text;
    const auto& [file, found] = parts.error()[0];
    return (file == "router.toml" ? "" : file + ':') + std::to_string(found.where.line) + ':' +
           std::to_string(found.where.column) + ' ' + found.text;
}

bool says(std::string_view message, std::string_view place, std::string_view part) {
    INFO(message);
    const bool right = message.starts_with(place) && message.find(part) != message.npos;
    CHECK(right);
    return right;
}

constexpr std::string_view kLan =
    "[[interface]]\nname = \"lan\"\naddress = \"10.0.0.1/24\"\naddress6 = [\"fd00::1/64\"]\n";

std::string lan_and(std::string_view more) {
    return std::string(kLan) + std::string(more);
}

}  // namespace

TEST_CASE("interfaces, routes and services become a table") {
    const auto parts = read(
        lan_and(R"(
[[interface]]
name = "guests"
trunk = "lan"
vlan = 30
address = "10.0.30.1/24"
reverse_path = "loose"
redirects = false
mtu = 1400
  [interface.dhcp]
  pool = "10.0.30.10-10.0.30.20"
  lease = "2h"
  dns = ["10.0.0.53", "10.0.0.54"]
  hosts = ["02:00:00:00:00:01 10.0.30.5"]

[[route]]
to = "default"
via = "10.0.0.9"

[[routes]]
file = "routes.txt"
)"),
        "# a comment\n10.9.0.0/16 via 10.0.0.8\n\n2001:db8::/32 via fe80::1 dev lan\nprohibit 10.8.0.0/16\n");
    REQUIRE(parts);
    REQUIRE(parts->interfaces.size() == 2);
    const route::InterfaceRecord& guests = parts->interfaces[1];
    CHECK(guests.device_text() == "lan");
    CHECK(guests.vlan == 30);
    CHECK(guests.reverse_path == route::ReversePath::kLoose);
    CHECK(guests.redirects == 0);
    CHECK(guests.mtu == 1400);
    REQUIRE(parts->dhcp_servers.size() == 1);
    CHECK(guests.dhcp_server == 0);
    CHECK(parts->dhcp_servers[0].lease_seconds == 7200);
    CHECK(parts->dhcp_servers[0].router == guests.v4_address);
    CHECK(parts->dhcp_servers[0].dns[1] == 0x0a000036);
    CHECK(parts->dhcp_hosts[0].address == 0x0a001e05);
    REQUIRE(parts->routes.size() == 4);

    const auto bytes = route::build_table(*parts);
    const auto table = route::Table::open(bytes);
    REQUIRE(table);
    route::Routes routes(*table);
    routes.set_present(0, true);
    const auto way = [&](IpAddress to) {
        return routes.way(routes.find(route::FibKey::of(to), to.is_v4()), to, 0);
    };
    CHECK(way(IpAddress::v4(10, 9, 1, 1))->next_hop == IpAddress::v4(10, 0, 0, 8));
    CHECK(way(IpAddress::v4(10, 8, 1, 1))->kind == route::WayKind::kProhibited);
    CHECK(way(IpAddress::v4(8, 8, 8, 8))->next_hop == IpAddress::v4(10, 0, 0, 9));
    CHECK(way(IpAddress::v6({0x20, 1, 0xd, 0xb8}))->next_hop.is_link_local());
    CHECK(way(IpAddress::v4(10, 0, 30, 7))->interface == 1);
}

TEST_CASE("mistakes are named with their place and with what is allowed") {
    says(mistake(""), "1:1", "[[interface]]");
    says(mistake("[[interface]]\naddress = \"10.0.0.1/24\"\n"), "1:1", "has no name");
    says(mistake("[[interface]]\nname = \"lan\"\naddress = \"10.0.0.0/24\"\n"), "3:11", "itself, not a host");
    says(mistake(lan_and("colour = 1\n")), "5:1", "unknown key \"colour\"");
    says(mistake(lan_and("reverse_path = \"mild\"\n")), "5:16", "allowed: \"strict\", \"loose\", \"off\"");
    says(mistake(lan_and("vlan = 7\n")), "1:1", "a VLAN needs both");
    says(mistake(lan_and("[[interface]]\nname = \"lan\"\n")), "6:8", "second interface");
    says(mistake(lan_and("[[interface]]\nname = \"a\"\ntrunk = \"lan\"\nvlan = 7\n"
                         "[[interface]]\nname = \"b\"\ntrunk = \"lan\"\nvlan = 7\n")),
         "9:1", "VLAN 7 of lan is there already");
    says(mistake(lan_and("[[interface]]\nname = \"a\"\ntrunk = \"b\"\nvlan = 7\n")), "7:9",
         "no interface \"b\"");
    says(mistake(lan_and("[[interface]]\nname = \"a\"\naddress = \"10.0.0.1/16\"\n")), "7:11",
         "same address");
    says(mistake(lan_and("[[route]]\nto = \"10.1.1.1/24\"\nvia = \"10.0.0.9\"\n")), "7:7", "bits set behind");
    says(mistake(lan_and("[[route]]\nto = \"10.1.1.0/24\"\nvia = \"10.5.0.9\"\n")), "7:7",
         "name the interface");
    says(mistake(lan_and("[[route]]\nto = \"10.1.1.0/24\"\nvia = \"fd00::9\"\n")), "7:7", "other family");
    says(mistake(lan_and("[[route]]\nto = \"10.1.1.0/24\"\naction = \"fly\"\n")), "7:10", "\"blackhole\"");
    says(mistake(lan_and("[[route]]\nto = \"10.1.1.0/24\"\n")), "5:1", "needs either");
    says(mistake(lan_and("[[route]]\nto = \"10.1.1.0/24\"\ninterface = \"wan\"\n")), "6:6",
         "allowed: \"lan\"");
    says(mistake(lan_and("[interface.dhcp]\npool = \"10.0.0.5\"\n")), "6:8", "two addresses");
    says(mistake(lan_and("[interface.dhcp]\npool = \"10.0.1.5-10.0.1.6\"\n")), "several",
         "not in the interface's network");
    says(mistake(lan_and("[interface.dhcp]\npool = \"10.0.0.1-10.0.0.6\"\n")), "6:8",
         "own address is in the pool");
    const std::string dhcp = "[interface.dhcp]\npool = \"10.0.0.5-10.0.0.6\"\nhosts = [";
    says(mistake(lan_and(dhcp + "\"02:00:00:00:00:01 10.0.0.255\"]\n")), "7:10", "broadcast address");
    says(mistake(lan_and(dhcp + "\"02:00:00:00:00:01 10.0.0.8\", \"02:00:00:00:00:02 10.0.0.8\"]\n")), "7:40",
         "another host has");
    says(mistake(lan_and(dhcp + "\"02:00:00:00:00:01 10.0.0.8\", \"02:00:00:00:00:01 10.0.0.9\"]\n")), "7:40",
         "another host has");
    says(mistake(lan_and("[interface.advertise]\ninterval = \"10m\"\nlifetime = \"5m\"\n")), "5:1",
         "not shorter than the interval");
    says(mistake(lan_and("[interface.advertise]\nprefixes = [\"fd00::1/64\"]\n")), "6:13",
         "not an IPv6 prefix");
    says(mistake(lan_and("[[routes]]\nfile = \"gone.txt\"\n")), "6:8", "cannot be read");
    says(mistake(lan_and("[metrics]\nport = 80\n")), "5:1", "needs both");
}

TEST_CASE("mistakes in a file of routes name that file") {
    const std::string text = lan_and("[[routes]]\nfile = \"routes.txt\"\n");
    CHECK(mistake(text, "10.1.0.0/16 dev lan\n") == "none");
    says(mistake(text, "\n  10.1.0.0/16 over lan\n"), "routes.txt:2:15", "allowed: PREFIX via ADDRESS");
    says(mistake(text, "10.1.0.0/33 dev lan\n"), "routes.txt:1:1", "0 to 32");
    says(mistake(text, "blackhole\n"), "routes.txt:1:1", "of what");
    says(mistake(text, "blackhole 10.0.0.0/8 dev lan\n"), "routes.txt:1:1", "goes somewhere or is refused");
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "nonsense\n";
    CHECK(read(text, many).error().size() == 20);
}
