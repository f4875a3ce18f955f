#pragma once

// What a connection can tell about itself, for those who watch it (TCP_INFO of BSD sockets, TcpStream).

#include <cstdint>

#include "base/instant.h"
#include "net/tcp/recovery/loss_recovery.h"
#include "net/tcp/state.h"

namespace holm::net::tcp {

class Connection;

struct Information {
    State state = State::kClosed;
    LossRecovery::Phase phase = LossRecovery::Phase::kOpen;
    const char* congestion = "";  // the algorithm: "cubic", "reno"
    Duration round_trip;          // smoothed; zero: no sample yet
    Duration variation;           // of round trips
    Duration least_round_trip;    // of the last ten seconds or so
    Duration retransmission_timeout;
    // Bytes:
    std::uint32_t segment_size = 0;  // payload of a full segment, options deducted
    std::uint32_t congestion_window = 0;
    std::uint32_t slow_start_threshold = 0;
    std::uint32_t peer_window = 0;
    std::uint32_t receive_window_limit = 0;
    std::uint32_t in_flight = 0;  // sent and not acknowledged
    std::uint32_t selectively_acknowledged = 0;
    std::uint32_t lost = 0;        // of those in flight, believed lost
    std::uint32_t sent_again = 0;  // of those, on the way again
    std::uint32_t queued = 0;      // handed over and not acknowledged, sent or not
    // Segments since the connection began:
    std::uint32_t retransmissions = 0;
};

Information information_about(const Connection& connection);

}  // namespace holm::net::tcp
