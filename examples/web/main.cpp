// A small web service: pages from the image's own files, a REST resource in memory, metrics.

#include <string>

#include <holm/http.h>
#include <holm/main.h>
#include <holm/metrics.h>
#include <holm/network_metrics.h>

#include "items.h"

namespace http = holm::http;

namespace {

using holm::metrics::Registry;

constexpr std::string_view kSmall = "hello, world: forty bytes of small page\n";

void add_metrics(Registry& registry, const http::Server& server, const Items& items) {
    registry.counter("http_requests_total", "Requests answered.",
                     [&server] { return server.statistics().requests; });
    registry.counter("http_connections_total", "Connections accepted.",
                     [&server] { return server.statistics().connections_accepted; });
    registry.counter("http_handler_failures_total", "Handlers that threw.",
                     [&server] { return server.statistics().failures; });
    registry.gauge("http_connections_open", "Connections now.",
                   [&server] { return static_cast<std::int64_t>(server.statistics().connections_open); });
    registry.counters("http_dropped_total", "Requests that no handler saw, connections given up, by reason.",
                      "reason", [&server](std::size_t i) -> std::optional<Registry::Labelled> {
                          if (i == http::kDrops) return std::nullopt;
                          return Registry::Labelled{to_string(http::Drop(i)), server.drops()[i]};
                      });
    registry.gauge("items", "Items in memory.",
                   [&items] { return static_cast<std::int64_t>(items.count()); });
}

}  // namespace

holm::Task<> holm::main(holm::Machine& machine) {
    http::Server server;
    Items items;
    metrics::Registry registry;
    add_metrics(registry, server, items);
    metrics::add_network(registry, machine.net());

    items.add_to(server);
    server.get("/small", [](const http::Request&) {
        return http::Response::reference(as_bytes(kSmall), "text/plain");
    });
    server.get("/healthz", [](const http::Request&) {
        return http::Response::reference(as_bytes("ok\n"), "text/plain");
    });
    server.get("/metrics", [&registry](const http::Request&) {
        return http::Response::text(registry.to_text()).content_type(metrics::Registry::kContentType);
    });
    // Browsers ask again each time, and mostly hear that nothing has changed.
    server.embedded_files("/", "/", {.cache_control = "no-cache"});
    for (const std::string_view argument : machine.arguments())
        if (argument == "--access-log") server.access_log();
    machine.console().print("web: listening on port 80\n");
    const auto served = co_await server.serve(machine.net(), 80);
    machine.set_exit_status(served ? 0 : 1);
}
