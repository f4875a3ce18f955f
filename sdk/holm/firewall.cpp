#include "holm/firewall.h"

#include <new>
#include <string>

#include "abi/embedded_files.h"
#include "net/address_text.h"

namespace holm {

namespace {

// A line a packet is more than a console can take when somebody scans.
constexpr std::int64_t kLines = 10, kLinesAtOnce = 20;

}  // namespace

Firewall::Firewall(Machine& machine, route::Router& router, const filter::Table& table,
                   const filter::EngineConfiguration& configuration)
    : machine_(machine),
      router_(router),
      table_(table),
      engine_(table_, router, configuration),
      lines_(kLines, kLinesAtOnce) {
    engine_.set_log(this);
    for (std::uint32_t i = 0; i < router.table().interfaces().size(); ++i)
        engine_.name_interface(std::uint16_t(i + 1), router.table().interfaces().at(i)->name_text());
    router_.set_hooks(&engine_);
}

Firewall::~Firewall() {
    router_.set_hooks(nullptr);
}

void Firewall::log(Instant now, std::string_view prefix, std::uint32_t, const packet::Packet& packet) {
    if (!lines_.take(now)) {
        ++unwritten_;
        return;
    }
    const auto name_of = [&](std::uint16_t number) -> std::string {
        if (number == 0 || number > router_.interface_count()) return {};
        return std::string(router_.table().interfaces().at(number - 1u)->name_text());
    };
    const std::string in = name_of(packet.in_interface), out = name_of(packet.out_interface);
    Console& console = machine_.console();
    const auto from = net::to_text(packet.source()), to = net::to_text(packet.destination());
    if (packet.has_ports())
        console.print(prefix, "IN=", std::string_view(in), " OUT=", std::string_view(out),
                      " SRC=", from.view(), " DST=", to.view(), " PROTO=", unsigned{packet.protocol()},
                      " SPT=", unsigned{packet.source_port()}, " DPT=", unsigned{packet.destination_port()},
                      "\n");
    else
        console.print(prefix, "IN=", std::string_view(in), " OUT=", std::string_view(out),
                      " SRC=", from.view(), " DST=", to.view(), " PROTO=", unsigned{packet.protocol()}, "\n");
}

Result<std::unique_ptr<Firewall>> make_firewall(Machine& machine, route::Router& router,
                                                std::string_view table_name, std::uint32_t flows) {
    const auto file = embedded_files().find(table_name);
    if (!file) return fail(ErrorCode::kNotFound, "the image holds no rules");
    const auto table = filter::Table::open(file->contents());
    if (!table) return fail(ErrorCode::kBadMessage, table.error().data());
    filter::EngineConfiguration configuration;
    configuration.tracker.flows = flows;
    machine.random().fill(std::as_writable_bytes(std::span(&configuration.tracker.key, 1)));
    machine.random().fill(std::as_writable_bytes(std::span(&configuration.key, 1)));
    std::unique_ptr<Firewall> firewall(new (std::nothrow) Firewall(machine, router, *table, configuration));
    if (!firewall) return fail(ErrorCode::kOutOfMemory, "no memory for a firewall");
    return firewall;
}

void add_metrics(metrics::Registry& registry, const Firewall& firewall) {
    const filter::Engine& engine = firewall.engine();
    const filter::Table& table = engine.table();
    for (std::size_t i = 0; i < table.counters().size(); ++i) {
        const filter::CounterEntry& entry = table.counters()[i];
        const filter::RuleCounter& counter = engine.rule_counters()[i];
        const metrics::Labels labels{{"chain", table.string(entry.chain)},
                                     {"rule", table.string(entry.text)}};
        registry.counter(
            "firewall_rule_packets_total", "Packets that a rule has counted.",
            [&counter] { return counter.packets; }, labels);
        registry.counter(
            "firewall_rule_bytes_total", "Bytes of the packets that a rule has counted.",
            [&counter] { return counter.bytes; }, labels);
    }
    for (std::size_t i = 0; i < filter::kDrops; ++i)
        registry.counter("firewall_dropped_packets_total", "Packets that went no further.",
                         [&engine, i] { return engine.drops(filter::Drop(i)); },
                         {{"reason", filter::to_string(filter::Drop(i))}});
    registry.counter("firewall_fragments_total", "Fragments taken in to be put together.",
                     [&engine] { return engine.counters().fragments; });
    registry.counter("firewall_untold_total", "Rejected packets whose senders were not told.",
                     [&engine] { return engine.counters().untold; });
    registry.counter("firewall_log_lines_unwritten_total", "Lines of rules with log beyond ten a second.",
                     [&firewall] { return firewall.unwritten_lines(); });
    registry.counter("firewall_flows_total", "Connections that were tracked.",
                     [&engine] { return engine.tracker().flows().counters().created; });
    registry.counter("firewall_flows_evicted_total", "Connections that gave way to others.",
                     [&engine] { return engine.tracker().flows().counters().evicted; });
    registry.counter("firewall_invalid_packets_total", "Packets that belong to no connection.",
                     [&engine] { return engine.tracker().invalid(); });
    registry.gauge("firewall_flows", "Connections that are tracked.",
                   [&engine] { return std::int64_t(engine.tracker().flows().count()); });
}

}  // namespace holm
