// A router with a firewall and address translation, with their counters shown by HTTP.

#include <holm/firewall.h>
#include <holm/http.h>
#include <holm/main.h>
#include <holm/metrics.h>
#include <holm/net.h>
#include <holm/router.h>

namespace http = holm::http;

holm::Task<> holm::main(holm::Machine& machine) {
    const auto give_up = [&](const char* what) {
        machine.console().print("firewall: ", what, "\n");
        machine.set_exit_status(1);
    };
    auto router = make_router(machine);
    if (!router) co_return give_up(router.error().what);
    auto firewall = make_firewall(machine, **router);
    if (!firewall) co_return give_up(firewall.error().what);
    machine.console().print("router: forwarding behind ", (*firewall)->engine().table().rules(), " rules\n");

    metrics::Registry registry;
    add_metrics(registry, **router);
    add_metrics(registry, **firewall);
    http::Server server;
    server.get("/metrics", [&registry](const http::Request&) {
        return http::Response::text(registry.to_text()).content_type(metrics::Registry::kContentType);
    });
    const route::GeneralRecord general = (*router)->table().general();
    auto listener = machine.net().listen({general.metrics_address.get(), general.metrics_port});
    if (!listener) co_return give_up(listener.error().what);
    const auto served = co_await server.serve(*listener, machine.stop());
    machine.set_exit_status(served ? 0 : 1);
}
