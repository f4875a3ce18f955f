#include "services/http/router.h"

#include <algorithm>

#include "services/http/characters.h"

namespace holm::http {

std::string MethodSet::to_string() const {
    std::string text;
    for (std::size_t i = 0; i < kMethodCount; ++i) {
        const auto method = static_cast<Method>(i);
        if (!contains(method)) continue;
        if (!text.empty()) text += ", ";
        text += method_name(method);
    }
    return text;
}

Router::NodeId Router::make_node() {
    nodes_.emplace_back();
    return static_cast<NodeId>(nodes_.size() - 1);
}

Router::NodeId Router::literal_child(NodeId parent, std::string_view segment) {
    for (const auto& [name, child] : nodes_[parent].literals) {
        if (name == segment) return child;
    }
    const NodeId child = make_node();
    nodes_[parent].literals.emplace_back(segment, child);
    return child;
}

Result<Router::RouteId> Router::add(Method method, std::string_view pattern) {
    if (!pattern.starts_with('/')) return fail(ErrorCode::kInvalid, "a route's pattern begins with '/'");
    if (nodes_.size() + pattern.size() >= kNoNode) return fail(ErrorCode::kNoSpace, "too many routes");
    NodeId node = 0;
    std::vector<std::string> names;
    for (std::size_t at = 0; at < pattern.size();) {
        const std::size_t end = std::min(pattern.find('/', at + 1), pattern.size());
        std::string_view segment = pattern.substr(at + 1, end - at - 1);
        at = end;
        if (!segment.starts_with('{')) {
            if (segment.find_first_of("{}") != segment.npos) {
                return fail(ErrorCode::kInvalid, "a parameter in a route's pattern is a whole segment");
            }
            node = literal_child(node, segment);
            continue;
        }
        if (!segment.ends_with('}'))
            return fail(ErrorCode::kInvalid, "a '{' in a route's pattern without its '}'");
        segment = segment.substr(1, segment.size() - 2);
        const bool rest = segment.ends_with("...");
        if (rest) segment.remove_suffix(3);
        if (segment.empty() || !all_are(segment, kTokenCharacter)) {
            return fail(ErrorCode::kInvalid, "a parameter in a route's pattern needs a name");
        }
        if (rest && at != pattern.size())
            return fail(ErrorCode::kInvalid, "'{name...}' is a pattern's last segment");
        if (names.size() == Request::kMaxParameters)
            return fail(ErrorCode::kInvalid, "a route has at most 8 parameters");
        names.emplace_back(segment);
        if ((rest ? nodes_[node].rest : nodes_[node].parameter) == kNoNode) {
            const NodeId child = make_node();
            (rest ? nodes_[node].rest : nodes_[node].parameter) = child;
        }
        node = rest ? nodes_[node].rest : nodes_[node].parameter;
    }
    RouteId& route = nodes_[node].routes[static_cast<std::size_t>(method)];
    if (route != kNoRoute) return fail(ErrorCode::kExists, "this route exists already");
    route = static_cast<RouteId>(names_.size());
    nodes_[node].methods.add(method);
    names_.push_back(std::move(names));
    return route;
}

struct Router::Search {
    std::string_view path;
    Method method;
    MethodSet allowed;
    std::size_t count = 0;
    std::array<Slice, Request::kMaxParameters> values{};
};

Router::RouteId Router::arrive(NodeId node, Search& search) const {
    const Node& found = nodes_[node];
    search.allowed.add(found.methods);
    const RouteId route = found.routes[static_cast<std::size_t>(search.method)];
    if (route != kNoRoute || search.method != Method::kHead) return route;
    return found.routes[static_cast<std::size_t>(Method::kGet)];
}

// Depth first. Each node has one path from the root, so that a search looks at each node once at most: a
// hostile path cannot make it explode.
Router::RouteId Router::walk(NodeId id, std::size_t at, Search& search) const {
    const Node& node = nodes_[id];
    const std::size_t end = std::min(search.path.find('/', at), search.path.size());
    const std::string_view segment = search.path.substr(at, end - at);
    const bool last = end == search.path.size();
    for (const auto& [name, child] : node.literals) {
        if (name != segment) continue;
        const RouteId route = last ? arrive(child, search) : walk(child, end + 1, search);
        if (route != kNoRoute) return route;
        break;
    }
    const auto capture = [&](std::size_t length) {
        search.values[search.count++] = {static_cast<std::uint16_t>(at), static_cast<std::uint16_t>(length)};
    };
    if (node.parameter != kNoNode && !segment.empty()) {
        capture(segment.size());
        const RouteId route = last ? arrive(node.parameter, search) : walk(node.parameter, end + 1, search);
        if (route != kNoRoute) return route;
        --search.count;
    }
    if (node.rest != kNoNode) {
        capture(search.path.size() - at);
        const RouteId route = arrive(node.rest, search);
        if (route != kNoRoute) return route;
        --search.count;
    }
    return kNoRoute;
}

Router::Match Router::match(Request& request) const {
    Search search{request.path(), request.method(), {}};
    if (search.path.empty()) return {};  // OPTIONS *
    const RouteId route = walk(0, 1, search);
    if (route != kNoRoute) {
        request.parameter_count_ = search.count;
        for (std::size_t i = 0; i < search.count; ++i) {
            request.parameters_[i] = {names_[route][i], search.values[i]};
        }
        return {route, search.allowed};
    }
    if (!search.allowed.empty()) {
        search.allowed.add(Method::kOptions);
        if (search.allowed.contains(Method::kGet)) search.allowed.add(Method::kHead);
    }
    return {kNoRoute, search.allowed};
}

}  // namespace holm::http
