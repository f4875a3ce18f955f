#include "cli/compose/service_reader.h"

#include <algorithm>
#include <array>

#include "cli/compose/attachment_reader.h"
#include "cli/settings/accept.h"
#include "cli/text/duration.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr std::size_t kMostDependencies = 256;
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
        if (accept(section, std::optional(port), parse_port_forward)) service.ports.push_back(port.value);
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

std::optional<std::chrono::milliseconds> read_duration(Section& section, std::string_view key) {
    return accept(section, section.text(key, "\"5s\""), parse_duration);
}

// "example.org", "example.org." and ".".
bool is_domain_name(std::string_view name) {
    if (name == ".") return true;
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty() || name.size() > 253) return false;
    for (std::size_t at = 0; at <= name.size();) {
        const std::size_t dot = std::min(name.find('.', at), name.size());
        if (dot == at || dot - at > 63) return false;
        at = dot + 1;
    }
    return true;
}

std::optional<HealthCheck> read_health(Section& service) {
    auto section = service.table("healthcheck");
    if (!section) return std::nullopt;
    HealthCheck check;
    int kinds = 0;
    constexpr std::pair<std::string_view, HealthCheck::Kind> kPorts[] = {{"tcp", HealthCheck::Kind::kTcp},
                                                                         {"http", HealthCheck::Kind::kHttp},
                                                                         {"dns", HealthCheck::Kind::kDns}};
    for (const auto& [key, kind] : kPorts) {
        if (!section->has(key)) continue;
        ++kinds;
        check.kind = kind;
        check.port = static_cast<std::uint16_t>(section->number(key, 1, 65535).value_or(1));
    }
    if (const auto text = section->text("log", "\"listening\"")) {
        ++kinds;
        check.kind = HealthCheck::Kind::kLog;
        check.text = text->value;
        if (text->value.empty()) section->mistake(text->where, "an empty text stands in every log");
    }
    const auto path = section->text("path", "\"/\"");
    const auto name = section->text("name", "\"example.org\"");
    if (check.kind == HealthCheck::Kind::kHttp) check.text = path ? path->value : "/";
    if (path && (check.kind != HealthCheck::Kind::kHttp || !path->value.starts_with('/') ||
                 path->value.find_first_of(" \r\n") != std::string::npos))
        section->mistake(path->where, "path goes with http, and starts with '/'");
    if (check.kind == HealthCheck::Kind::kDns) check.text = name ? name->value : ".";
    if (name && check.kind != HealthCheck::Kind::kDns) section->mistake(name->where, "name goes with dns");
    if (name && !is_domain_name(name->value)) {
        section->mistake(name->where,
                         formatted("{} is no domain name; allowed: labels of 1 to 63 bytes with dots between "
                                   "them, 253 bytes in all",
                                   quote(name->value)));
    }
    if (kinds != 1) {
        section->mistake(
            section->where(),
            section->spelled("healthcheck asks one thing: tcp = PORT, http = PORT with path = \"/\", "
                             "dns = PORT with name = \"example.org\", or log = \"TEXT\""));
    }
    check.timeout = read_duration(*section, "timeout").value_or(check.timeout);
    for (const std::string_view known : {"tcp", "http", "dns"}) section->know(known);
    section->refuse_other_keys();
    return check;
}

void read_dependencies(Section& section, ComposeService& service) {
    const auto names = section.texts("depends_on", "[\"db\"]");
    if (names && names->size() > kMostDependencies) {
        return section.mistake((*names)[kMostDependencies].where,
                               formatted("more than {} dependencies", kMostDependencies));
    }
    service.depends_on = plain(names);
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
    if (accept(section, memory, parse_size)) service.memory = memory->value;
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
    read_dependencies(section, service);
    service.health = read_health(section);
    const bool reachable = std::ranges::any_of(
        service.networks, [](const Attachment& one) { return one.address || one.address6; });
    if (service.health && service.health->needs_address() && !reachable) {
        section.mistake(
            service.where,
            "healthcheck over the network needs a network with an ipv4_address or ipv6_address; " +
                section.spelled("log = \"TEXT\" does without"));
    }
    service.grace = read_duration(section, "stop_grace_period").value_or(service.grace);
    section.refuse_other_keys();
    return service;
}

}  // namespace holm::cli
