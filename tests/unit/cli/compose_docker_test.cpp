// What people bring along from docker-compose: it is taken, or refused with what there is in its place.

#include <string>

#include <doctest/doctest.h>

#include "cli/compose/reader.h"

using namespace holm::cli;

namespace {

std::string mistakes_of(const std::string& text, Notation notation = Notation::kYaml) {
    const auto compose = read_compose(text, "poc", notation);
    std::string all;
    if (compose) return all;
    for (const Mistake& mistake : compose.error()) all += format_mistake("f", mistake) + "\n";
    return all;
}

// Two services, the second with these lines.
std::string with(std::string_view lines, std::string_view of_dns = "") {
    return "services:\n  dns:\n    image: dns\n" + std::string(of_dns) + "  web:\n    image: web\n" +
           std::string(lines);
}

constexpr std::string_view kChecked = "    healthcheck: {log: ready}\n";

const ComposeService& web_of(const Compose& compose) {
    return compose.services.back();
}

}  // namespace

TEST_CASE("dependencies in both forms") {
    const auto list = read_compose(with("    depends_on: [dns]\n"), "poc", Notation::kYaml);
    REQUIRE(list);
    REQUIRE(web_of(*list).depends_on.size() == 1);
    CHECK(web_of(*list).depends_on[0].service == "dns");
    CHECK(web_of(*list).depends_on[0].condition == Dependency::Condition::kReady);

    const std::pair<std::string_view, Dependency::Condition> conditions[] = {
        {"service_started", Dependency::Condition::kStarted},
        {"service_healthy", Dependency::Condition::kHealthy},
        {"service_completed_successfully", Dependency::Condition::kCompleted}};
    for (const auto& [name, condition] : conditions) {
        const std::string lines = "    depends_on:\n      dns: {condition: " + std::string(name) +
                                  ", required: true, restart: false}\n";
        const auto table = read_compose(with(lines, kChecked), "poc", Notation::kYaml);
        CAPTURE(name);
        REQUIRE(table);
        REQUIRE(web_of(*table).depends_on.size() == 1);
        CHECK(web_of(*table).depends_on[0].condition == condition);
    }
    const auto toml = read_compose(
        "[services.a]\nimage = \"a\"\ndepends_on = { b = { condition = \"service_started\" } }\n"
        "[services.b]\nimage = \"b\"\n",
        "poc", Notation::kToml);
    REQUIRE(toml);
    CHECK(toml->services[0].name == "b");
}

TEST_CASE("what is wrong with a dependency is said at its place") {
    const auto says = [](std::string_view dependency, std::string_view of_dns, std::string_view expected) {
        const std::string mistakes =
            mistakes_of(with("    depends_on:\n      " + std::string(dependency) + "\n", of_dns));
        CAPTURE(mistakes);
        CHECK(mistakes.contains(expected));
    };
    says("dns: {condition: service_healthy}", "",
         "f:7:7: web waits for dns to be healthy, and dns has no healthcheck");
    says("dns: {condition: service_completed_successfully}", "    restart: always\n",
         "f:8:7: web waits for dns to complete, and dns is started again whenever it ends");
    says("dns: {condition: service_ready}", "",
         "f:7:24: condition \"service_ready\" is unknown; allowed: \"service_started\", \"service_healthy\"");
    says("dns: {}", "", "a dependency in a table needs a condition; allowed: \"service_started\"");
    says("dns:", "", "needs a condition");
    says("dns: 5", "", "services.web.depends_on.dns is a number; allowed: a table");
    says("dns: {condition: service_started, required: false}", "", "is always required");
    says("dns: {condition: service_started, restart: true}", "", "holm restart NAME");
    says("dns: {condition: service_started, x: 1}", "", "unknown key \"x\" in services.web.depends_on.dns");
    says("dnss: {condition: service_started}", "", "f:7:7: web depends on \"dnss\", which is no service");
    says("- dns\n      - dns", "", "f:8:9: \"dns\" stands in depends_on twice");
    std::string many = "    depends_on:\n";
    for (int i = 0; i < 257; ++i) many += "      s" + std::to_string(i) + ": {condition: service_started}\n";
    CHECK(mistakes_of(with(many)).contains("more than 256 dependencies"));
}

// The keys of a service in the Compose Specification.
TEST_CASE("no key of docker-compose is just unknown") {
    for (const char* key : {"annotations",
                            "attach",
                            "blkio_config",
                            "build",
                            "cap_add",
                            "cap_drop",
                            "cgroup",
                            "cgroup_parent",
                            "configs",
                            "container_name",
                            "cpu_count",
                            "cpu_percent",
                            "cpu_period",
                            "cpu_quota",
                            "cpu_rt_period",
                            "cpu_rt_runtime",
                            "cpu_shares",
                            "cpus",
                            "credential_spec",
                            "deploy",
                            "develop",
                            "device_cgroup_rules",
                            "devices",
                            "dns",
                            "dns_opt",
                            "dns_search",
                            "domainname",
                            "entrypoint",
                            "env_file",
                            "expose",
                            "extends",
                            "external_links",
                            "extra_hosts",
                            "gpus",
                            "group_add",
                            "hostname",
                            "init",
                            "ipc",
                            "isolation",
                            "label_file",
                            "labels",
                            "links",
                            "logging",
                            "mac_address",
                            "mem_reservation",
                            "mem_swappiness",
                            "memswap_limit",
                            "models",
                            "network_mode",
                            "oom_kill_disable",
                            "oom_score_adj",
                            "pid",
                            "pids_limit",
                            "platform",
                            "post_start",
                            "pre_stop",
                            "privileged",
                            "profiles",
                            "provider",
                            "pull_policy",
                            "read_only",
                            "runtime",
                            "scale",
                            "secrets",
                            "security_opt",
                            "shm_size",
                            "stdin_open",
                            "stop_signal",
                            "storage_opt",
                            "sysctls",
                            "tmpfs",
                            "tty",
                            "ulimits",
                            "use_api_socket",
                            "user",
                            "userns_mode",
                            "uts",
                            "volumes",
                            "volumes_from",
                            "working_dir"}) {
        const std::string mistakes = mistakes_of(with("    " + std::string(key) + ": x\n"));
        CAPTURE(mistakes);
        CHECK(mistakes.starts_with("f:6:5: unknown key \"" + std::string(key) + "\" in services.web: "));
    }
    for (const char* key : {"annotations", "command", "cpuset", "depends_on", "environment", "healthcheck",
                            "image", "mem_limit", "networks", "ports", "restart", "stop_grace_period"}) {
        const bool taken = !mistakes_of(with("    " + std::string(key) + ": 1\n")).contains("unknown key");
        CHECK(taken == (std::string_view(key) != "annotations"));
    }
    for (const char* key : {"test", "interval", "start_interval", "retries", "start_period", "disable"}) {
        const std::string lines = "    healthcheck: {" + std::string(key) + ": x, log: a}\n";
        CHECK(mistakes_of(with(lines))
                  .starts_with("f:6:19: unknown key \"" + std::string(key) +
                               "\" in services.web.healthcheck: "));
    }
    for (const char* key : {"version", "volumes", "configs", "secrets", "include", "models"})
        CHECK(mistakes_of(std::string(key) + ": x\n" + with("")).contains("in the compose file: "));
    for (const char* key : {"driver", "driver_opts", "attachable", "enable_ipv4", "enable_ipv6", "external",
                            "internal", "ipam", "labels", "name"})
        CHECK(mistakes_of("networks: {lan: {" + std::string(key) + ": x}}\n" + with(""))
                  .contains("in networks.lan: "));
}

TEST_CASE("what docker-compose writes otherwise") {
    const std::string networks = "networks: {dmz: {subnet: 10.1.0.0/24}}\n";
    CHECK(
        mistakes_of(networks + with("    networks: [dmz]\n"))
            .contains("which of the image's devices is on which network: networks: { DEVICE: \"NETWORK\" }"));
    CHECK(mistakes_of(networks + with("    networks: {dmz: {ipv4_address: 10.1.0.2}}\n"))
              .contains("\"dmz\" is a network, and the key is the image's device; write DEVICE: { network: "
                        "\"dmz\" }"));
    CHECK(mistakes_of(networks + with("    networks: {lan: {network: dmz, aliases: [x]}}\n"))
              .contains(
                  "unknown key \"aliases\" in services.web.networks.lan: a service is found by its address"));
    CHECK(mistakes_of(with("    ports: [\"80\"]\n"))
              .contains("f:6:13: port \"80\": there is one port only; allowed: "));
    CHECK(
        mistakes_of(with("    healthcheck: {test: [CMD, true]}\n")).contains("healthcheck asks one thing") ==
        false);
    for (const auto& [docker, ours] :
         {std::pair("64m", "64M"), {"64mb", "64M"}, {"1g", "1G"}, {"512kb", "512K"}, {"16M", "16M"}}) {
        const auto compose =
            read_compose(with("    mem_limit: " + std::string(docker) + "\n"), "poc", Notation::kYaml);
        REQUIRE(compose);
        CHECK(web_of(*compose).memory == ours);
    }
    CHECK(mistakes_of(with("    mem_limit: 64x\n")).contains("\"64x\" is not a size"));
    const auto patient = read_compose(with("    stop_grace_period: 1m30s\n"), "poc", Notation::kYaml);
    REQUIRE(patient);
    CHECK(web_of(*patient).grace == std::chrono::seconds(90));
}
