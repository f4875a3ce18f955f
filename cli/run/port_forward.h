#pragma once

// "-p 8080:80": a port of the host that leads to a port of the image.

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/text/values.h"

namespace holm::cli {

struct PortForward {
    Ipv4 address{{127, 0, 0, 1}};  // of the host, on which it listens
    std::uint16_t host_port = 0;
    std::uint16_t guest_port = 0;
    bool udp = false;

    std::string text() const;  // "127.0.0.1:8080 -> 80/tcp"
};

// [ADDRESS:]HOST:GUEST[/tcp|/udp]. Without an address, only this machine itself can connect.
Parsed<PortForward> parse_port_forward(std::string_view text);

// Why the host's port cannot be had, or "": it is tried, and let go again.
std::string why_taken(const PortForward& forward);

// A TCP port of 127.0.0.1 that is free now.
std::uint16_t free_port();

}  // namespace holm::cli
