#include <string>

#include <doctest/doctest.h>

#include "cli/compose/images.h"
#include "cli/compose/reader.h"
#include "cli/topology/logs.h"
#include "cli/topology/record.h"

using namespace holm::cli;

namespace {

constexpr std::string_view kNetworks =
    "[networks.dmz]\nsubnet = \"10.1.0.0/24\"\nsubnet6 = \"fd00:1::/64\"\n";

std::string mistakes_of(const std::string& text) {
    const auto compose = read_compose(text, "poc");
    std::string all;
    if (compose) return all;
    for (const Mistake& mistake : compose.error()) all += format_mistake("f", mistake) + "\n";
    return all;
}

// A service `web` with these lines, on the networks above.
std::string with(std::string_view lines) {
    return std::string(kNetworks) + "[services.web]\nimage = \"web\"\n" + std::string(lines) + "\n";
}

}  // namespace

TEST_CASE("a service on a network, with all that it can say") {
    const auto compose = read_compose(
        with("tender = \"vm\"\nmem_limit = \"8M\"\ncommand = [\"--x\"]\nenvironment = { A = \"1\" }\n"
             "networks = { lan = { network = \"dmz\", ipv4_address = \"10.1.0.2\", gateway = \"10.1.0.1\", "
             "ipv6_address = \"fd00:1::2\", dns = [\"10.1.0.53\"] } }\nblock = { data = \"disk,ro\" }\n"
             "ports = [\"8080:80\"]\ncpuset = \"0,2-3\"\nrestart = \"on-failure:5\"\nstop_grace_period = "
             "\"2s\"\n"
             "healthcheck = { http = 80, path = \"/health\", timeout = \"3s\" }"),
        "poc");
    REQUIRE(compose);
    REQUIRE(compose->services.size() == 1);
    const ComposeService& web = compose->services[0];
    CHECK(compose->name == "poc");
    CHECK(web.tender == "vm");
    CHECK(web.memory == "8M");
    CHECK(web.command == std::vector<std::string>{"--x"});
    CHECK(web.environment == std::vector<std::string>{"A=1"});
    REQUIRE(web.networks.size() == 1);
    CHECK(net_setting(web.networks[0], compose->networks[0], 7) ==
          "lan=fd:7,ip=10.1.0.2/24,gw=10.1.0.1,ip6=fd00:1::2/64,dns=10.1.0.53");
    CHECK(web.blocks[0].file == "disk,ro");
    CHECK(web.cpus == std::vector<unsigned>{0, 2, 3});
    CHECK(web.restart == Restart::kOnFailure);
    CHECK(web.restart_limit == 5);
    CHECK(web.grace == std::chrono::seconds(2));
    REQUIRE(web.health);
    CHECK(web.health->kind == HealthCheck::Kind::kHttp);
    CHECK(web.health->text == "/health");
    CHECK(web.health->timeout == std::chrono::seconds(3));
}

TEST_CASE("the host takes the highest address of a network that is free") {
    auto compose = read_compose(with(""), "poc");
    REQUIRE(compose);
    CHECK(compose->networks[0].host->text() == "10.1.0.254");
    compose =
        read_compose(with("networks.lan = { network = \"dmz\", ipv4_address = \"10.1.0.254\" }"), "poc");
    REQUIRE(compose);
    CHECK(compose->networks[0].host->text() == "10.1.0.253");
}

TEST_CASE("services start behind those they depend on") {
    const auto compose = read_compose(
        "[services.a]\nimage = \"a\"\ndepends_on = [\"c\"]\n[services.b]\nimage = \"b\"\n"
        "[services.c]\nimage = \"c\"\ndepends_on = [\"b\"]",
        "poc");
    REQUIRE(compose);
    CHECK(compose->services[0].name == "b");
    CHECK(compose->services[1].name == "c");
    CHECK(compose->services[2].name == "a");
}

TEST_CASE("a circle of dependencies, and a service nobody has") {
    CHECK(mistakes_of("[services.a]\nimage = \"a\"\ndepends_on = [\"b\"]\n[services.b]\nimage = \"b\"\n"
                      "depends_on = [\"a\"]") ==
          "f:1:1: services depend on each other in a circle: a -> b -> a\n");
    CHECK(mistakes_of("[services.web]\nimage = \"a\"\ndepends_on = [\"wib\"]") ==
          "f:3:15: web depends on \"wib\", which is no service, did you mean \"web\"?; there are: web\n");
}

TEST_CASE("each mistake has its place and says what is allowed") {
    const auto says = [](std::string_view lines, std::string_view expected) {
        const std::string mistakes = mistakes_of(with(lines));
        CAPTURE(mistakes);
        CHECK(mistakes.contains(expected));
    };
    says("networks = { lan = \"dmx\" }",
         "f:6:20: there is no network \"dmx\", did you mean \"dmz\"?; there are: dmz");
    says("networks.lan = { network = \"dmz\", ipv4_address = \"10.2.0.2\" }",
         "10.2.0.2 is not in 10.1.0.0/24 of network dmz");
    says("networks.lan = { network = \"dmz\", ipv4_address = \"10.1.0.0\" }", "is the network");
    says("networks.lan = { network = \"dmz\", gateway = \"10.1.0.1\" }",
         "gateway needs an ipv4_address beside it");
    says("networks.lan = { ipv4_address = \"10.1.0.2\" }", "is on no network; write network = \"dmz\"");
    says("networks.lan = { network = \"dmz\", adress = \"1\" }",
         "unknown key \"adress\" in [services.web.networks.lan]");
    says("tender = \"docker\"", "unknown tender \"docker\"; allowed: \"process\", \"vm\", \"qemu\"");
    says("restart = \"sometimes\"", "restart \"sometimes\" is unknown; allowed: \"no\"");
    says("restart = \"on-failure:0\"", "is unknown; allowed:");
    says("cpuset = \"3-1\"", "no list of processors");
    says("ports = [\"80\"]", "allowed: [ADDRESS:]HOSTPORT:GUESTPORT");
    says("healthcheck = { tcp = 80, http = 80 }", "healthcheck asks one thing");
    says("healthcheck = { tcp = 80 }", "needs a network with an ipv4_address or ipv6_address");
    says("healthcheck = { tcp = 0, path = \"x\" }", "allowed: a whole number from 1 to 65535");
    says("environment = { A = 1 }", "the value of \"A\" is not text");
    says("environment = 1", "f:6:15: environment is a number; allowed: a table [services.web.environment]");
    says("mem_limit = \"much\"", "\"much\"");
    says("imag = \"x\"", "did you mean \"image\"?");
    says("stop_grace_period = \"soon\"", "soon");
    says("block = { data = \"\" }", "needs a file");
    for (const std::string& name :
         {std::string(), std::string("a..b"), std::string(".a"), std::string(64, 'x')})
        says("healthcheck = { dns = 53, name = \"" + name + "\" }", "is no domain name");
}

TEST_CASE("networks do not overlap, and hosts can be in them") {
    const auto networks = [](const std::string& a, const std::string& b) {
        return mistakes_of("[networks.a]\n" + a + "\n[networks.b]\n" + b + "\n[services.w]\nimage = \"w\"\n");
    };
    const std::string both = "f:3:1: the subnets of networks a and b overlap\n";
    CHECK(networks("subnet = \"10.0.0.0/24\"", "subnet = \"10.0.0.0/24\"") == both);
    CHECK(networks("subnet = \"10.0.0.0/8\"", "subnet = \"10.3.0.0/24\"") == both);
    CHECK(networks("subnet = \"10.3.0.0/24\"", "subnet = \"10.0.0.0/8\"") == both);
    CHECK(networks("subnet6 = \"fd00::/32\"", "subnet6 = \"fd00:0:1::/48\"")
              .contains("the IPv6 subnets of networks a and b overlap"));
    CHECK(networks("subnet = \"10.0.0.0/24\"", "subnet = \"10.0.1.0/24\"").empty());
    for (const char* bad : {"127.0.0.0/8", "224.0.0.0/4", "0.0.0.0/8"})
        CHECK(networks("", std::string("subnet = \"") + bad + '"').contains("that hosts can be in"));
    CHECK(networks("", "subnet6 = \"ff02::/64\"").contains("that hosts can be in"));
}

TEST_CASE("files that are made to be long are refused in little room") {
    std::string many = "[networks.n]\nsubnet = \"10.0.0.0/24\"\n";
    for (int i = 0; i < 256; ++i)
        many += "[services.aaaaaaaaaaaaaaaaaaaaaaaaa" + std::to_string(i) + "]\nimage = \"w\"\n";
    std::string nobody = "[services.z]\nimage = \"w\"\ndepends_on = [";
    for (int i = 0; i < 100'000; ++i) nobody += "\"\",";
    CHECK(mistakes_of(nobody + "]").contains("more than 256 dependencies"));
    CHECK(mistakes_of(many + nobody + "]").contains("more than 256 services"));
    std::string devices = "[services.z]\nimage = \"w\"\nnetworks = { ";
    for (int i = 0; i < 65; ++i) devices += "a" + std::to_string(i) + " = \"x\", ";
    CHECK(mistakes_of(devices + "b = \"x\" }").contains("more than 64 networks"));
}

TEST_CASE("keys of many parts are refused, not followed") {
    const auto dotted = [](int parts) {
        std::string key = "a";
        for (int i = 1; i < parts; ++i) key += ".a";
        return key;
    };
    const std::string refused = "a key of more than 16 parts", three(3, '\''), empty(6, '"');
    CHECK(mistakes_of(dotted(100'000) + " = 1") == "f:1:32: " + refused + "\n");
    CHECK(mistakes_of("# 1.2.3\nx = 'a'\n [" + dotted(17) + "]") == "f:3:34: " + refused + "\n");
    CHECK(mistakes_of("x = { " + dotted(17) + " = 1 }").contains(refused));
    CHECK(mistakes_of("x = { y = " + empty + ", " + dotted(17) + " = 1 }").contains(refused));
    CHECK(mistakes_of("x = { y = " + three + "a" + three + "'', " + dotted(17) + " = 1 }").contains(refused));
    CHECK(mistakes_of("x = \"never closed\n" + dotted(17) + " = 1").contains(refused));
    for (const std::string& fine : {dotted(16), '"' + dotted(40) + '"', '\'' + dotted(40) + '\''})
        CHECK_FALSE(mistakes_of(fine + " = 1").contains(refused));
    CHECK_FALSE(mistakes_of("x = " + three + "\n" + dotted(40) + "\n'' " + three).contains(refused));
    CHECK_FALSE(mistakes_of("y = \"\\\"" + dotted(40) + "\" # " + dotted(40)).contains(refused));
}

TEST_CASE("addresses, ports and names are had once") {
    const std::string twice =
        with("networks.lan = { network = \"dmz\", ipv4_address = \"10.1.0.2\" }\nports = [\"80:80\"]") +
        "[services.x]\nimage = \"x\"\nports = [\"80:81\"]\n"
        "networks.lan = { network = \"dmz\", ipv4_address = \"10.1.0.2\" }\n[clients.web]\n";
    const std::string mistakes = mistakes_of(twice);
    CHECK(mistakes.contains("web has the address 10.1.0.2 of network dmz already"));
    CHECK(mistakes.contains("web publishes port 80 of 127.0.0.1 already"));
    CHECK(mistakes.contains("web is the name of a service and of a client"));
}

TEST_CASE("files that are no topology") {
    CHECK(mistakes_of("") == "f:1:1: there is no service; a service is a table [services.NAME]\n");
    CHECK(mistakes_of("[services.Web]\nimage = \"x\"").contains("\"Web\" is not a name"));
    CHECK(mistakes_of("[services.web]\n") ==
          "f:1:1: service web has no image; write image = \"web\", a name or a path\n");
    CHECK(mistakes_of("image = \"web\"").contains("it belongs in [services.NAME]"));
    CHECK(mistakes_of("[networks.a]\nsubnet = \"10.0.0.1/24\"\n[services.w]\nimage = \"w\"")
              .contains("is an address in a network, not the network itself"));
    CHECK(mistakes_of("= broken").contains("f:1:1:"));
    CHECK(mistakes_of("name = poc")
              .contains("f:1:8: Error while parsing value: could not determine value type; "
                        "expected: text in quotation marks, a number"));
    CHECK(mistakes_of("name = \"a\"\nname = \"b\"").contains("; expected: each key and each table once"));
    CHECK(
        mistakes_of("name = \"a\nb = 1").contains("; expected: the closing quotation mark on the same line"));
    CHECK(mistakes_of("\xff = 1").contains("; expected: text in UTF-8"));
    CHECK(mistakes_of("[services.web").contains("encountered end-of-file; expected: its other half"));
    CHECK(mistakes_of("name = 'a\n'").contains("; expected: the closing quotation mark on the same line"));
    CHECK(mistakes_of("name = \"\\q\"").contains("unknown escape sequence '\\q'; expected: one of "));
    CHECK(mistakes_of("[services.web\n").contains("expected ']', saw"));
    CHECK(mistakes_of(std::string(2 << 20, '#')).contains("larger than 1 MiB"));
}

TEST_CASE("the record of a topology comes back as it went") {
    TopologyRecord record{
        .name = "poc", .supervisor = 77, .start_ticks = 5, .file = "/a\n b/holm.compose.toml"};
    record.services = {"dns", "web"};
    record.clients["client"] = {9, {"10.0.0.1", "fd00::1"}};
    const auto back = parse_topology(format_topology(record));
    REQUIRE(back);
    CHECK(back->name == "poc");
    CHECK(back->file == record.file);
    CHECK(back->services == record.services);
    CHECK(back->clients.at("client").network_namespace == 9);
    CHECK(back->clients.at("client").dns == record.clients["client"].dns);
    CHECK_FALSE(parse_topology("name=x\nsupervisor=1\n"));
    CHECK_FALSE(parse_topology("name=x\nsupervisor=2\nclient=a b\n"));
    CHECK_FALSE(parse_topology("nonsense"));
}

TEST_CASE("the logs of a topology are called by what people call its services") {
    CHECK(topology_log_name("poc", "web") == "poc+web");
    CHECK(is_log_of("poc+web", "web"));
    CHECK(is_log_of("poc+web", "poc-web"));
    CHECK_FALSE(is_log_of("poc+web", "poc"));
    CHECK(is_log_of(topology_log_name("poc"), "poc"));
    CHECK_FALSE(is_log_of(topology_log_name("poc"), ""));
    CHECK(is_log_of("web", "web"));
    CHECK_FALSE(is_log_of("web", "poc-web"));
}

TEST_CASE("a VLAN lies on a trunk, and each once") {
    const std::string wire =
        "[networks.wire]\n[networks.a]\nvlan = 10\ntrunk = \"wire\"\nsubnet = \"10.5.0.0/24\"\n";
    const std::string service = "[services.x]\nimage = \"web\"\nnetworks.lan = \"a\"\n";
    const auto compose = read_compose(wire + service, "poc");
    REQUIRE(compose);
    CHECK(net_setting(compose->services[0].networks[0], *compose->network("a"), 7) == "lan=fd:7,vlan=10");
    const auto says = [&](const std::string& lines, std::string_view expected) {
        const std::string mistakes = mistakes_of(wire + lines + service);
        CAPTURE(mistakes);
        CHECK(mistakes.contains(expected));
    };
    says("[networks.b]\nvlan = 10\ntrunk = \"wire\"\n",
         "the trunk of network b is \"wire\", whose VLAN 10 is network a already");
    says("[networks.b]\nvlan = 11\ntrunk = \"a\"\n", "which is a VLAN itself");
    says("[networks.b]\nvlan = 11\ntrunk = \"wire2\"\n", "which is no network; there are: wire");
    says("[networks.b]\nvlan = 11\n", "vlan and trunk go together");
    says("[networks.b]\nvlan = 4095\ntrunk = \"wire\"\n", "a whole number from 1 to 4094");
}

TEST_CASE("readiness may be asked by IPv6 alone, from an address of this machine's own") {
    const auto compose = read_compose(
        with("networks.lan = { network = \"dmz\", ipv6_address = \"fd00:1::ffff:ffff:ffff:fffe\" }\n"
             "healthcheck = { tcp = 80 }"),
        "poc");
    REQUIRE(compose);
    CHECK(compose->networks[0].host6->text() == "fd00:1::ffff:ffff:ffff:fffd");
}
