#pragma once

// What the network of an instance counts, for its metrics:
//
//     metrics::add_network(registry, machine.net());
//
// network_drops_total{reason="…"}: packets that went no further, by why (net/drop.h).
// tcp_events_total{event="…"}: what TCP counts (net/tcp/configuration.h).

namespace holm {
class Network;
}

namespace holm::metrics {

class Registry;

// The network lives as long as the registry.
void add_network(Registry& registry, Network& network);

}  // namespace holm::metrics
