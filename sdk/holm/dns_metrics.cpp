#include "holm/dns_metrics.h"

#include "holm/dns.h"
#include "services/metrics/registry.h"

namespace holm::metrics {

namespace {

using Counters = dns::ServerCounters;

struct Event {
    std::string_view name;
    std::uint64_t Counters::* count;
};

constexpr Event kEvents[] = {
    {"name_error", &Counters::name_errors},
    {"refused", &Counters::refused},
    {"malformed", &Counters::malformed},
    {"unsupported_operation", &Counters::unsupported},
    {"bad_edns_version", &Counters::bad_versions},
    {"dropped_no_query", &Counters::not_queries},
    {"dropped_rate_limit", &Counters::rate_dropped},
    {"truncated_rate_limit", &Counters::rate_slipped},
    {"truncated", &Counters::truncated},
    {"bad_cookie", &Counters::bad_cookies},
    {"transfer", &Counters::transfers},
    {"transfer_refused", &Counters::transfers_refused},
    {"signed_query", &Counters::signed_queries},
    {"bad_key", &Counters::bad_keys},
    {"bad_signature", &Counters::bad_signatures},
    {"bad_signature_time", &Counters::bad_times},
    {"bad_signature_truncation", &Counters::bad_truncations},
};

}  // namespace

void add_name_server(Registry& registry, const dns::NameServer& server) {
    const Counters& counters = server.server()->counters();
    registry.counter("dns_queries_total", "Messages that were looked at.",
                     [&counters] { return counters.queries; });
    registry.counter("dns_answers_total", "Answers that were sent.",
                     [&counters] { return counters.answers; });
    registry.counters("dns_events_total", "Messages that were not simply answered, by what they met.",
                      "event", [&counters](std::size_t i) -> std::optional<Registry::Labelled> {
                          if (i == std::size(kEvents)) return std::nullopt;
                          return Registry::Labelled{kEvents[i].name, counters.*kEvents[i].count};
                      });
    registry.gauge("dns_connections", "TCP connections now.",
                   [&server] { return static_cast<std::int64_t>(server.connections_open()); });
    registry.counter("dns_connections_refused_total", "TCP connections of clients that had enough of them.",
                     [&server] { return server.connections_refused(); });
}

}  // namespace holm::metrics
