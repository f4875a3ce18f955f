// A firewall of 64 flows, with its counters shown by HTTP.

#include <holm/firewall.h>
#include <holm/http.h>
#include <holm/main.h>
#include <holm/metrics.h>
#include <holm/net.h>
#include <holm/router.h>

namespace http = holm::http;

holm::Task<> holm::main(holm::Machine& machine) {
    constexpr std::uint32_t kFlows = 64;
    auto router = make_router(machine);
    if (!router) co_return machine.set_exit_status(2);
    auto firewall = make_firewall(machine, **router, "rules", kFlows);
    if (!firewall) co_return machine.set_exit_status(3);
    machine.console().print("router: forwarding\n");
    metrics::Registry registry;
    add_metrics(registry, **router);
    add_metrics(registry, **firewall);
    http::Server server;
    server.get("/metrics", [&registry](const http::Request&) {
        return http::Response::text(registry.to_text()).content_type(metrics::Registry::kContentType);
    });
    const route::GeneralRecord general = (*router)->table().general();
    auto listener = machine.net().listen({general.metrics_address.get(), general.metrics_port});
    if (!listener) co_return machine.set_exit_status(4);
    const auto served = co_await server.serve(*listener, machine.stop());
    machine.set_exit_status(served ? 0 : 1);
}
