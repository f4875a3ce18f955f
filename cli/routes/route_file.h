#pragma once

// A file of routes, as `ip route` writes them: one a line, for tables too long for router.toml.
//
//     10.0.0.0/8 via 192.0.2.1 dev wan
//     2001:db8::/32 via fe80::1 dev wan
//     blackhole 198.51.100.0/24

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/settings/mistake.h"
#include "cli/text/values.h"
#include "services/route/table_builder.h"

namespace holm::cli {

// What is wrong goes to `complain`; more than 20 mistakes end the reading.
void read_route_file(std::string_view text, route::TableParts& parts,
                     const std::function<void(Mistake)>& complain);

// The route that the words of a line or the keys of [[route]] describe: empty where they are absent. The
// message names `via` or `dev` as what is wrong.
struct RouteWords {
    std::string_view to, via, interface;
    route::WayKind kind = route::WayKind::kForward;
};
Parsed<route::TableParts::Route> make_route(const route::TableParts& parts, const RouteWords& words);

// "blackhole", "unreachable", "prohibit".
std::optional<route::WayKind> parse_refusal(std::string_view text);

}  // namespace holm::cli
