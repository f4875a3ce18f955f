// A router between the instance's network devices, with its counters shown by HTTP.

#include <holm/http.h>
#include <holm/main.h>
#include <holm/metrics.h>
#include <holm/net.h>
#include <holm/router.h>

namespace http = holm::http;

holm::Task<> holm::main(holm::Machine& machine) {
    auto router = make_router(machine);
    if (!router) {
        machine.console().print("router: ", router.error().what, "\n");
        machine.set_exit_status(1);
        co_return;
    }
    machine.console().print("router: forwarding\n");

    const route::GeneralRecord general = (*router)->table().general();
    if (general.metrics_port == 0) {
        co_await machine.stop().wait();
        co_return;
    }
    metrics::Registry registry;
    add_metrics(registry, **router);
    http::Server server;
    server.get("/metrics", [&registry](const http::Request&) {
        return http::Response::text(registry.to_text()).content_type(metrics::Registry::kContentType);
    });
    auto listener = machine.net().listen({general.metrics_address.get(), general.metrics_port});
    if (!listener) {
        machine.console().print("router: metrics: ", listener.error().what, "\n");
        machine.set_exit_status(1);
        co_return;
    }
    const auto served = co_await server.serve(*listener, machine.stop());
    machine.set_exit_status(served ? 0 : 1);
}
