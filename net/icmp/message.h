#pragma once

// ICMP messages on their way out: those of both families begin alike (RFC 792; RFC 4443, section 2.1).

#include <cstdint>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "net/address.h"
#include "net/ip/layer.h"

namespace holm::net::icmp {

struct Message {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t value = 0;        // the last four bytes of the header
    IpAddress source, destination;  // the family is theirs
    std::uint8_t traffic_class = 0;
    Bytes payload;
};

void send(ip::Layer& ip, Instant now, const Message& message, link::Urgency urgency);

// Errors: those of IpOutput::route(), kMessageSize.
Result<> send_echo_request(ip::Layer& ip, Instant now, const IpAddress& destination, std::uint16_t identifier,
                           std::uint16_t sequence, Bytes payload);

}  // namespace holm::net::icmp
