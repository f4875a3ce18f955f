#pragma once

// The datagrams of DHCP, which both families carry in UDP between fixed ports.

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/drop.h"
#include "net/ip/input.h"
#include "net/ip/layer.h"

namespace holm::net::dhcp {

// What came to a client's port: the message, and who from. Without one: what was wrong is counted.
struct Arrival {
    std::uint16_t source_port = 0;
    bool has_checksum = false;
    std::optional<Bytes> message;
};
// Nothing: the datagram is for another port.
std::optional<Arrival> open_datagram(std::uint16_t port, const ip::Received& received, Bytes datagram,
                                     Counters& counters);

struct Departure {
    std::uint16_t source_port = 0, destination_port = 0;
    IpAddress source, destination;
    Bytes message;
    std::uint8_t ttl = 64;
    link::Interface* via = nullptr;  // null: by the routes
};
void send_datagram(Instant now, ip::Layer& ip, const Departure& out);

}  // namespace holm::net::dhcp
