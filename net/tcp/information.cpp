#include "net/tcp/information.h"

#include "net/tcp/connection.h"

namespace holm::net::tcp {

Information information_about(const Connection& connection) {
    const Sender& sender = connection.sender();
    const LossRecovery& recovery = sender.recovery();
    const Transmissions& transmissions = recovery.transmissions();
    return {
        .state = connection.state(),
        .phase = recovery.phase(),
        .congestion = sender.congestion().name(),
        .round_trip = sender.rtt().smoothed(),
        .variation = sender.rtt().variation(),
        .least_round_trip = recovery.rack().minimum_rtt(),
        .retransmission_timeout = sender.rtt().timeout(),
        .segment_size = sender.mss(),
        .congestion_window = sender.congestion().window(),
        .slow_start_threshold = sender.congestion().threshold(),
        .peer_window = sender.window(),
        .receive_window_limit = connection.receiver().limit(),
        .in_flight = distance(sender.una(), sender.next_sequence()),
        .selectively_acknowledged = transmissions.sacked(),
        .lost = transmissions.lost(),
        .sent_again = transmissions.under_way(),
        .queued = std::uint32_t(connection.unacknowledged_bytes()),
        .retransmissions = sender.retransmissions(),
    };
}

}  // namespace holm::net::tcp
