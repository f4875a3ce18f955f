#pragma once

// Every bound and duration of the TCP layer, with its default.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/instant.h"
#include "net/tcp/congestion/algorithm.h"
#include "net/tcp/rtt.h"

namespace holm::net::tcp {

// Explicit congestion notification (RFC 3168): agree to it when a peer asks, or ask as well.
enum class Ecn : std::uint8_t { kOff, kAccept, kRequest };

struct Configuration {
    // Keys for initial sequence numbers, ports, cookies and the table. Must be unpredictable.
    std::array<std::byte, 32> secret{};

    // --- memory ---
    std::uint32_t max_connections = 16'384;  // beyond: SYNs are dropped, connect() fails
    std::uint32_t max_half_open = 256;       // of each listener; beyond: SYN cookies
    std::uint32_t max_time_wait = 8'192;     // beyond: the oldest ends early
    std::size_t max_buffer_bytes =
        64U << 20U;  // of all connections; the second half for those that hold little (ChunkPool::allows());
                     // beyond: send() takes nothing, payload is dropped
    std::uint32_t max_orphans =
        4'096;  // closed by the service and not yet by the peer; beyond: close() resets
    // Bytes, of each connection. They begin with the first and grow up to the second while the path takes
    // more in a round trip and half of max_buffer_bytes is free.
    std::uint32_t receive_buffer = 256U << 10U;  // the window it announces
    std::uint32_t max_receive_buffer = 6U << 20U;
    std::uint32_t send_buffer = 256U << 10U;    // copied by send()
    std::uint32_t max_send_buffer = 4U << 20U;  // as much by reference, before send_reference() waits

    // --- time ---
    RttEstimator::Bounds retransmission;
    Duration acknowledgment_delay = Duration::milliseconds(40);
    Duration connect_timeout = Duration::seconds(180);  // R2 for SYN segments: RFC 9293, MUST-23
    Duration half_open_timeout = Duration::seconds(60);
    Duration user_timeout = Duration::seconds(300);   // R2: at least 100 s, RFC 9293, SHLD-11
    Duration orphan_timeout = Duration::seconds(60);  // closed by the service, no progress
    Duration time_wait = Duration::seconds(60);       // 2 MSL
    std::uint8_t keep_alive_probes = 9;

    // RFC 5482: the range in which a peer may change the user timeout, if the option is in use.
    Duration least_user_timeout = Duration::seconds(100);
    Duration most_user_timeout = Duration::seconds(3600);

    // --- congestion ---
    CongestionAlgorithm congestion = CongestionAlgorithm::kCubic;
    Ecn ecn = Ecn::kAccept;
    bool pacing = true;  // spread a window over its round trip, on paths of milliseconds and more

    // --- options that we offer ---
    bool timestamps = true;
    bool window_scale = true;
    bool sack = true;
    bool user_timeout_option = false;  // RFC 5482
};

struct Statistics {
    std::uint64_t segments_in = 0;
    std::uint64_t segments_out = 0;
    std::uint64_t bad_checksum = 0;
    std::uint64_t malformed = 0;
    std::uint64_t ignored = 0;             // to a group, port 0, or no question to who listens
    std::uint64_t stale_timestamp = 0;     // RFC 7323: older than what came before, or missing
    std::uint64_t out_of_window = 0;       // nothing of it is acceptable: duplicates of the network's, too
    std::uint64_t bad_acknowledgment = 0;  // of what was not sent, or long ago
    std::uint64_t opened = 0;              // connect()
    std::uint64_t accepted = 0;            // handshakes completed by listeners
    std::uint64_t resets_in = 0;
    std::uint64_t resets_out = 0;
    std::uint64_t retransmissions = 0;
    std::uint64_t challenge_acks = 0;
    std::uint64_t cookies_sent = 0;
    std::uint64_t cookies_accepted = 0;
    std::uint64_t syns_dropped = 0;    // no room for another connection
    std::uint64_t timeouts = 0;        // connections given up
    std::uint64_t black_holes = 0;     // RFC 4821: smaller segments after timeouts of large ones
    std::uint64_t half_open_shed = 0;  // to make room for established connections
    std::uint64_t orphans_reset = 0;   // because there were too many
    std::uint64_t window_probes = 0;   // sent into windows that are closed, or too small to be used
    std::uint64_t windows_shrunk = 0;  // right edges that a peer has taken back (RFC 9293 advises against it)
};

}  // namespace holm::net::tcp
