#include "cli/compose/health_reader.h"

#include "cli/compose/docker_keys.h"
#include "cli/settings/accept.h"
#include "cli/text/duration.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

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

}  // namespace

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
    if (kinds == 0) check.kind = HealthCheck::Kind::kAlive;
    if (kinds != 1 && !section->has("test")) {
        section->mistake(
            section->where(),
            section->spelled("healthcheck asks one thing: tcp = PORT, http = PORT with path = \"/\", "
                             "dns = PORT with name = \"example.org\", or log = \"TEXT\""));
    }
    check.timeout =
        accept(*section, section->text("timeout", "\"5s\""), parse_duration).value_or(check.timeout);
    for (const std::string_view known : {"tcp", "http", "dns"}) section->know(known);
    section->refuse_other_keys(docker_health_keys());
    return check;
}

}  // namespace holm::cli
