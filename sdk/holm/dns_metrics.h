#pragma once

// What a name server counts, for its metrics:
//
//     metrics::add_name_server(registry, server);
//
// dns_queries_total, dns_answers_total; dns_events_total{event="…"}: what became of those that are not simply
// answered (services/dns/server.h), each drop under the name that says why; dns_connections and
// dns_connections_refused_total: TCP.

namespace holm::dns {
class NameServer;
}

namespace holm::metrics {

class Registry;

// The server lives as long as the registry. Precondition: it has been loaded.
void add_name_server(Registry& registry, const dns::NameServer& server);

}  // namespace holm::metrics
