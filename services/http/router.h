#pragma once

// From method and path to a route. Patterns are made of literal segments, "{name}" for one whole segment that
// is not empty, and "{name...}" at the end for all the rest, which may be empty. Where several patterns
// match, a literal segment wins over a parameter and a parameter over a rest, from left to right.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "services/http/request.h"

namespace holm::http {

class MethodSet {
  public:
    void add(Method method) { bits_ |= bit(method); }
    void add(MethodSet other) { bits_ |= other.bits_; }
    bool contains(Method method) const { return (bits_ & bit(method)) != 0; }
    bool empty() const { return bits_ == 0; }
    // For the Allow header: "GET, HEAD, OPTIONS".
    std::string to_string() const;

  private:
    static std::uint8_t bit(Method method) {
        return static_cast<std::uint8_t>(1u << static_cast<unsigned>(method));
    }
    std::uint8_t bits_ = 0;
};

class Router {
  public:
    using RouteId = std::uint16_t;  // counts up from 0 in the order of add()
    static constexpr RouteId kNoRoute = 0xffff;

    // kInvalid: the pattern is malformed or has more than 8 parameters. kExists: this method and pattern have
    // a route.
    Result<RouteId> add(Method method, std::string_view pattern);

    struct Match {
        RouteId route = kNoRoute;
        MethodSet allowed;  // without a route: empty means 404, else 405 (or OPTIONS can be answered)
    };

    // Finds the route and gives the request the values of its parameters. HEAD falls back to GET.
    Match match(Request& request) const;

  private:
    using NodeId = std::uint16_t;
    static constexpr NodeId kNoNode = 0xffff;

    struct Node {
        std::vector<std::pair<std::string, NodeId>> literals;
        NodeId parameter = kNoNode;
        NodeId rest = kNoNode;
        std::array<RouteId, kMethodCount> routes;
        MethodSet methods;
        Node() { routes.fill(kNoRoute); }
    };
    struct Search;

    NodeId make_node();
    NodeId literal_child(NodeId parent, std::string_view segment);
    RouteId walk(NodeId node, std::size_t at, Search& search) const;
    RouteId arrive(NodeId node, Search& search) const;

    std::vector<Node> nodes_ = std::vector<Node>(1);
    std::vector<std::vector<std::string>> names_;  // of each route's parameters
};

}  // namespace holm::http
