#include "holm/network_metrics.h"

#include "kernel/network/network.h"
#include "net/drop.h"
#include "services/metrics/registry.h"

namespace holm::metrics {

namespace {

using Labelled = Registry::Labelled;
using Statistics = net::tcp::Statistics;

struct Event {
    std::string_view name;
    std::uint64_t Statistics::* count;
};

constexpr Event kEvents[] = {
    {"segments_in", &Statistics::segments_in},
    {"segments_out", &Statistics::segments_out},
    {"bad_checksum", &Statistics::bad_checksum},
    {"malformed", &Statistics::malformed},
    {"ignored", &Statistics::ignored},
    {"stale_timestamp", &Statistics::stale_timestamp},
    {"out_of_window", &Statistics::out_of_window},
    {"bad_acknowledgment", &Statistics::bad_acknowledgment},
    {"opened", &Statistics::opened},
    {"accepted", &Statistics::accepted},
    {"resets_in", &Statistics::resets_in},
    {"resets_out", &Statistics::resets_out},
    {"retransmissions", &Statistics::retransmissions},
    {"challenge_acks", &Statistics::challenge_acks},
    {"cookies_sent", &Statistics::cookies_sent},
    {"cookies_accepted", &Statistics::cookies_accepted},
    {"syns_dropped", &Statistics::syns_dropped},
    {"timeouts", &Statistics::timeouts},
    {"black_holes", &Statistics::black_holes},
    {"half_open_shed", &Statistics::half_open_shed},
    {"orphans_reset", &Statistics::orphans_reset},
    {"window_probes", &Statistics::window_probes},
    {"windows_shrunk", &Statistics::windows_shrunk},
};

}  // namespace

void add_network(Registry& registry, Network& network) {
    net::Stack& stack = network.stack();
    registry.counters("network_drops_total", "Packets that went no further, by reason.", "reason",
                      [&stack](std::size_t i) -> std::optional<Labelled> {
                          if (i == net::kDropReasons) return std::nullopt;
                          const auto reason = net::Drop(i);
                          return Labelled{to_string(reason), stack.counters()[reason]};
                      });
    registry.counters("tcp_events_total", "What TCP counts.", "event",
                      [&stack](std::size_t i) -> std::optional<Labelled> {
                          if (i == std::size(kEvents)) return std::nullopt;
                          return Labelled{kEvents[i].name, stack.tcp().statistics().*kEvents[i].count};
                      });
    registry.gauge("tcp_connections", "Connections that TCP keeps, of any state but TIME-WAIT.",
                   [&stack] { return std::int64_t(stack.tcp().connections()); });
}

}  // namespace holm::metrics
