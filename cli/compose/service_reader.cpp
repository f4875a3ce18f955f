#include "cli/compose/service_reader.h"

#include <algorithm>
#include <array>

#include "cli/compose/attachment_reader.h"
#include "cli/compose/dependency_reader.h"
#include "cli/compose/docker_keys.h"
#include "cli/compose/health_reader.h"
#include "cli/settings/accept.h"
#include "cli/text/duration.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr std::uint32_t kMostCpus = 1024;  // as glibc's cpu_set_t

std::vector<std::string> plain(const std::optional<std::vector<Text>>& texts) {
    std::vector<std::string> values;
    for (const Text& text : texts.value_or(std::vector<Text>{})) values.push_back(text.value);
    return values;
}

// docker-compose's other form: ["NAME=VALUE"].
void read_environment_list(Section& section, ComposeService& service) {
    const auto all = section.texts("environment", "[\"NAME=VALUE\"]");
    for (const Text& one : all.value_or(std::vector<Text>{})) {
        const std::size_t equals = one.value.find('=');
        if (equals != std::string::npos && equals > 0) {
            service.environment.push_back(one.value);
        } else {
            section.mistake(one.where,
                            formatted("{} sets no variable; allowed: \"NAME=VALUE\"", quote(one.value)));
        }
    }
}

void read_environment(Section& section, ComposeService& service) {
    if (section.is_list("environment")) return read_environment_list(section, service);
    auto environment = section.table("environment");
    if (!environment) return;
    for (const Section::Entry& entry : environment->entries()) {
        if (!entry.value) {
            section.mistake(entry.where,
                            formatted("the value of {} is not text; allowed: a string such as \"1\"",
                                      quote(entry.key.value)));
        } else if (entry.key.value.empty() || entry.key.value.contains('=')) {
            section.mistake(entry.key.where,
                            formatted("{} is not the name of a variable", quote(entry.key.value)));
        } else {
            service.environment.push_back(formatted("{}={}", entry.key.value, entry.value->value));
        }
    }
}

void read_blocks(Section& section, ComposeService& service) {
    auto blocks = section.table("block");
    if (!blocks) return;
    for (const Section::Entry& entry : blocks->entries()) {
        if (entry.value && !entry.value->value.empty()) {
            service.blocks.push_back({entry.key.value, entry.value->value, entry.where});
        } else {
            section.mistake(entry.where,
                            formatted("block device {} needs a file; allowed: \"FILE\" or \"FILE,ro\"",
                                      quote(entry.key.value)));
        }
    }
}

void read_ports(Section& section, ComposeService& service) {
    const auto ports = section.texts("ports", "[\"8080:80\"]");
    for (const Text& port : ports.value_or(std::vector<Text>{})) {
        const auto forward = parse_port_forward(port.value);
        if (forward) {
            service.ports.push_back(port.value);
        } else {
            section.mistake(port.where, formatted("port {}", forward.error()));
        }
    }
}

// "0", "0,2", "0-3"
void read_cpus(Section& section, ComposeService& service) {
    const auto text = section.text("cpuset", "\"0\" or \"0-3,8\"");
    if (!text) return;
    std::string_view rest = text->value;
    while (true) {
        const std::size_t comma = rest.find(',');
        const std::string_view part = rest.substr(0, comma);
        const std::size_t dash = part.find('-');
        const auto first = parse_number(part.substr(0, dash), 0, kMostCpus - 1);
        const auto last = dash == part.npos ? first : parse_number(part.substr(dash + 1), 0, kMostCpus - 1);
        if (!first || !last || *first > *last) {
            return section.mistake(text->where,
                                   formatted("cpuset {} is no list of processors; allowed: \"0\" or "
                                             "\"0-3,8\", numbers up to {}",
                                             quote(text->value), kMostCpus - 1));
        }
        for (unsigned cpu = *first; cpu <= *last; ++cpu) service.cpus.push_back(cpu);
        if (comma == rest.npos) return;
        rest.remove_prefix(comma + 1);
    }
}

void read_restart(Section& section, ComposeService& service) {
    const auto text = section.text("restart", "\"on-failure\"");
    if (!text) return;
    constexpr std::string_view kLimited = "on-failure:";
    if (text->value.starts_with(kLimited)) {
        const auto limit = parse_number(std::string_view(text->value).substr(kLimited.size()), 1, 1'000'000);
        service.restart = Restart::kOnFailure;
        service.restart_limit = limit.value_or(0);
        if (limit) return;
    }
    constexpr std::pair<std::string_view, Restart> kPolicies[] = {
        {"no", Restart::kNo},
        {"on-failure", Restart::kOnFailure},
        {"always", Restart::kAlways},
        {"unless-stopped", Restart::kUnlessStopped}};
    for (const auto& [name, policy] : kPolicies) {
        if (text->value != name) continue;
        service.restart = policy;
        return;
    }
    section.mistake(text->where, formatted("restart {} is unknown; allowed: \"no\", \"on-failure\", "
                                           "\"on-failure:5\", \"always\", \"unless-stopped\"",
                                           quote(text->value)));
}

// Also as docker-compose has it: "64m", "64mb".
Parsed<std::uint64_t> parse_memory(std::string_view text) {
    std::string plain(text);
    if (plain.size() > 2 && (plain.ends_with('b') || plain.ends_with('B'))) plain.pop_back();
    if (plain.ends_with('k') || plain.ends_with('m') || plain.ends_with('g'))
        plain.back() = static_cast<char>(plain.back() - 'a' + 'A');
    const auto size = parse_size(plain);
    return size ? size : parse_size(text);
}

void read_image(Section& section, ComposeService& service) {
    const auto image = section.text("image", "\"web\"");
    service.image_where = image ? image->where : section.where();
    if (image && !image->value.empty()) {
        service.image = image->value;
    } else if (image || !section.has("image")) {
        section.mistake(service.image_where, formatted("service {} has no image; write {}, a name or a path",
                                                       service.name, section.spelled("image = \"web\"")));
    }
    if (const auto tender = section.text("tender", "\"process\"")) {
        constexpr std::array<std::string_view, 3> kTenders{"process", "vm", "qemu"};
        service.tender = tender->value;
        if (std::ranges::find(kTenders, tender->value) == kTenders.end()) {
            section.mistake(
                tender->where,
                formatted("unknown tender {}; allowed: \"process\", \"vm\", \"qemu\"", quote(tender->value)));
        }
    }
    const auto memory = section.text("mem_limit", "\"16M\"");
    if (const auto size = accept(section, memory, parse_memory)) service.memory = format_size(*size);
}

}  // namespace

ComposeService read_service(Section& section, std::string name, const std::vector<ComposeNetwork>& networks) {
    ComposeService service{.name = std::move(name), .where = section.where()};
    read_image(section, service);
    service.command = plain(section.texts("command", "[\"--port\", \"80\"]"));
    read_environment(section, service);
    service.networks = read_devices(section, networks);
    read_blocks(section, service);
    read_ports(section, service);
    read_cpus(section, service);
    read_restart(section, service);
    service.depends_on = read_dependencies(section);
    service.health = read_health(section);
    const bool reachable = std::ranges::any_of(
        service.networks, [](const Attachment& one) { return one.address || one.address6; });
    if (service.health && service.health->needs_address() && !reachable) {
        section.mistake(
            service.where,
            "healthcheck over the network needs a network with an ipv4_address or ipv6_address; " +
                section.spelled("log = \"TEXT\" does without"));
    }
    service.grace =
        accept(section, section.text("stop_grace_period", "\"5s\""), parse_duration).value_or(service.grace);
    section.refuse_other_keys(docker_service_keys());
    return service;
}

}  // namespace holm::cli
