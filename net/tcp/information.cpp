#include "net/tcp/information.h"

#include "net/tcp/connection.h"

namespace holm::net::tcp {

Information information_about(const Connection& connection) {
    const Sender& sender = connection.sender();
    Information information{
        .state = connection.state(),
        .congestion = sender.congestion().name(),
        .round_trip = sender.rtt().smoothed(),
        .variation = sender.rtt().variation(),
        .least_round_trip = sender.rack().minimum_rtt(),
        .retransmission_timeout = sender.rtt().timeout(),
        .segment_size = sender.mss(),
        .congestion_window = sender.congestion().window(),
        .slow_start_threshold = sender.congestion().threshold(),
        .peer_window = sender.window(),
        .receive_window_limit = connection.receiver().limit(),
        .in_flight = distance(sender.una(), sender.next_sequence()),
        .queued = std::uint32_t(connection.unacknowledged_bytes()),
        .retransmissions = sender.retransmissions(),
    };
    if (const LossRecovery* recovery = sender.recovery()) {
        const Transmissions& transmissions = recovery->transmissions();
        information.phase = recovery->phase();
        information.selectively_acknowledged = transmissions.sacked();
        information.lost = transmissions.lost();
        information.sent_again = transmissions.under_way();
    }
    return information;
}

}  // namespace holm::net::tcp
