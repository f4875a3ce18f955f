// An authoritative name server: the zones that dns.toml lists, compiled into the image; what it counts is
// shown by HTTP, if dns.toml says where.

#include <holm/dns.h>
#include <holm/dns_metrics.h>
#include <holm/http.h>
#include <holm/main.h>
#include <holm/metrics.h>
#include <holm/net.h>
#include <holm/network_metrics.h>

namespace dns = holm::dns;
namespace http = holm::http;

namespace {

holm::Task<> show_metrics(holm::Machine& machine, const dns::NameServer& names, holm::net::Endpoint where) {
    holm::metrics::Registry registry;
    holm::metrics::add_name_server(registry, names);
    holm::metrics::add_network(registry, machine.net());
    http::Server server;
    server.get("/metrics", [&registry](const http::Request&) {
        return http::Response::text(registry.to_text()).content_type(holm::metrics::Registry::kContentType);
    });
    auto listener = machine.net().listen(where);
    if (listener) {
        (void)co_await server.serve(*listener, machine.stop());
    } else {
        machine.console().print("dns: metrics: ", listener.error().what, "\n");
    }
}

}  // namespace

holm::Task<> holm::main(holm::Machine& machine) {
    dns::NameServer server;
    if (!server.load("/zones")) {
        machine.set_exit_status(1);
        co_return;
    }
    Scope beside;
    if (const auto where = server.metrics_endpoint())
        beside.start(show_metrics(machine, server, *where), "metrics");
    machine.console().print("dns: listening on port 53, UDP and TCP\n");
    const auto served = co_await server.serve(machine.net());
    if (served) (void)co_await beside.join();
    machine.set_exit_status(served ? 0 : 1);
}
