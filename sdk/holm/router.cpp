#include "holm/router.h"

#include <new>

#include "abi/embedded_files.h"
#include "kernel/network/network.h"

namespace holm {

namespace {

Port* port_named(Network& network, std::string_view name) {
    for (const auto& port : network.ports())
        if (name == port->name()) return port.get();
    return nullptr;
}

// The interface of a record: a device's, or a VLAN of one. Null: the device is not there.
Result<net::Interface*> interface_of(Machine& machine, const route::InterfaceRecord& record) {
    Network& network = machine.net();
    Port* const port = port_named(network, record.device_text());
    if (!port) return nullptr;
    if (record.mtu != 0) port->interface().limit_mtu(record.mtu);
    if (record.vlan == 0) return &port->interface();
    net::InterfaceConfiguration configuration;
    configuration.mtu = record.mtu;
    return network.stack().add_vlan(machine.executor().now(), port->interface(), record.vlan, configuration);
}

}  // namespace

Result<std::unique_ptr<route::Router>> make_router(Machine& machine, std::string_view table_name) {
    const auto file = embedded_files().find(table_name);
    if (!file) return fail(ErrorCode::kNotFound, "the image holds no router's table");
    const auto table = route::Table::open(file->contents());
    if (!table) return fail(ErrorCode::kBadMessage, "the file is no router's table");
    SipHashKey key;
    machine.random().fill(std::as_writable_bytes(std::span(&key, 1)));
    std::unique_ptr<route::Router> router(new (std::nothrow)
                                              route::Router(machine.net().stack(), *table, key));
    if (!router) return fail(ErrorCode::kOutOfMemory, "no memory for a router");
    for (std::uint32_t i = 0; i < table->interfaces().size(); ++i) {
        const auto record = table->interfaces().at(i);
        net::Interface* const interface = TRY(interface_of(machine, *record));
        if (!interface) {
            machine.console().print("router: there is no network device '", record->device_text(),
                                    "'; interface '", record->name_text(), "' is down\n");
            continue;
        }
        TRY(router->attach(machine.executor().now(), i, *interface));
    }
    return router;
}

void add_metrics(metrics::Registry& registry, const route::Router& router) {
    for (std::size_t i = 0; i < router.interface_count(); ++i) {
        const auto record = router.table().interfaces().at(i);
        const std::string_view name = record->name_text();
        const route::Counters& counters = router.counters(i);
        const auto add = [&](const char* metric, const char* help, const std::uint64_t& value) {
            registry.counter(metric, help, [&value] { return value; }, {{"interface", name}});
        };
        add("router_received_packets_total", "IP packets that came in.", counters.received);
        add("router_delivered_packets_total", "Packets for the router itself.", counters.delivered);
        add("router_forwarded_packets_total", "Packets that came in and went on.", counters.forwarded);
        add("router_sent_packets_total", "Forwarded packets that went out.", counters.sent);
        add("router_redirects_total", "Senders told of a better way.", counters.redirects);
        for (std::size_t reason = 0; reason < route::kDrops; ++reason)
            registry.counter("router_dropped_packets_total", "Packets that came in and went nowhere.",
                             [&value = counters.drops[reason]] { return value; },
                             {{"interface", name}, {"reason", to_string(route::Drop(reason))}});
        const net::Interface* const interface = router.interface(i);
        if (!interface) continue;
        registry.counter("router_received_bytes_total", "Bytes of frames that came in.",
                         [interface] { return interface->traffic().bytes_in; }, {{"interface", name}});
        registry.counter("router_sent_bytes_total",
                         "Bytes of frames that went out, the router's own included.",
                         [interface] { return interface->traffic().bytes_out; }, {{"interface", name}});
    }
}

}  // namespace holm
