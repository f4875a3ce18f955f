#include "cli/routes/route_file.h"

#include <vector>

#include "cli/routes/names.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {

namespace {

struct Word {
    std::string_view text;
    std::uint32_t column = 0;
};

std::vector<Word> words_of(std::string_view line) {
    std::vector<Word> words;
    constexpr std::string_view kSpace = " \t\r";
    for (std::size_t at = line.find_first_not_of(kSpace); at != line.npos && line[at] != '#';) {
        const std::size_t end = std::min(line.find_first_of(kSpace, at), line.size());
        words.push_back({line.substr(at, end - at), std::uint32_t(at + 1)});
        at = line.find_first_not_of(kSpace, end);
    }
    return words;
}

constexpr std::string_view kHow =
    "allowed: PREFIX via ADDRESS [dev NAME], PREFIX dev NAME, or blackhole, unreachable or prohibit PREFIX";

}  // namespace

std::optional<route::WayKind> parse_refusal(std::string_view text) {
    if (text == "blackhole") return route::WayKind::kBlackhole;
    if (text == "unreachable") return route::WayKind::kUnreachable;
    if (text == "prohibit") return route::WayKind::kProhibited;
    return std::nullopt;
}

Parsed<route::TableParts::Route> make_route(const route::TableParts& parts, const RouteWords& words) {
    const auto network = words.to == "default"
                             ? parse_network(words.via.find(':') != words.via.npos ? "::/0" : "0.0.0.0/0")
                             : parse_network(words.to);
    if (!network) return std::unexpected(network.error());
    if (!network->is_prefix())
        return std::unexpected(formatted("{} has bits set behind its prefix length", quote(words.to)));
    route::TableParts::Route route{network->address, network->length, words.kind, {}};
    if (words.kind != route::WayKind::kForward) return route;

    if (!words.interface.empty()) {
        const auto interface = interface_named(parts, words.interface);
        if (!interface)
            return std::unexpected(formatted("there is no interface {}; allowed: {}", quote(words.interface),
                                             interface_names(parts)));
        route.hop.interface = *interface;
    }
    if (words.via.empty()) return route;
    const auto gateway = parse_address(words.via);
    if (!gateway) return std::unexpected(gateway.error());
    if (gateway->is_v4() != network->address.is_v4())
        return std::unexpected(
            formatted("the gateway {} is of the other family than {}", words.via, words.to));
    if (gateway->is_multicast() || gateway->is_unspecified() || gateway->is_loopback())
        return std::unexpected(formatted("{} is no address that a gateway can have", words.via));
    route.hop.is_gateway = true;
    route.hop.gateway = *gateway;
    if (!words.interface.empty()) return route;
    const auto interface = interface_of(parts, *gateway);
    if (!interface)
        return std::unexpected(
            formatted("the gateway {} is in no interface's network; name the interface that it is reached by",
                      words.via));
    route.hop.interface = *interface;
    return route;
}

void read_route_file(std::string_view text, route::TableParts& parts,
                     const std::function<void(Mistake)>& complain) {
    constexpr std::size_t kMostMistakes = 20;
    std::size_t mistakes = 0;
    std::uint32_t number = 0;
    while (!text.empty() && mistakes < kMostMistakes) {
        ++number;
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::vector<Word> words = words_of(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (words.empty()) continue;
        const auto wrong = [&](std::uint32_t column, std::string what) {
            ++mistakes;
            complain({{number, column}, std::move(what)});
        };
        RouteWords route;
        std::size_t at = 0;
        if (const auto kind = parse_refusal(words[0].text)) {
            route.kind = *kind;
            ++at;
        }
        if (at == words.size()) {
            wrong(words[0].column, formatted("{} of what; {}", words[0].text, kHow));
            continue;
        }
        route.to = words[at++].text;
        bool understood = true;
        for (; at < words.size() && understood; at += 2) {
            std::string_view* const value = words[at].text == "via"   ? &route.via
                                            : words[at].text == "dev" ? &route.interface
                                                                      : nullptr;
            if (value == nullptr || !value->empty() || at + 1 == words.size()) {
                wrong(words[at].column,
                      formatted("{} is not understood here; {}", quote(words[at].text), kHow));
                understood = false;
            } else {
                *value = words[at + 1].text;
            }
        }
        if (!understood) continue;
        const bool has_way = !route.via.empty() || !route.interface.empty();
        if (has_way != (route.kind == route::WayKind::kForward)) {
            wrong(words[0].column, formatted("a route goes somewhere or is refused; {}", kHow));
            continue;
        }
        auto made = make_route(parts, route);
        if (made)
            parts.routes.push_back(*std::move(made));
        else
            wrong(words[0].column, std::move(made).error());
    }
}

}  // namespace holm::cli
