#pragma once

// "-p 8080:80": a port of the host that leads to a port of the image.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "cli/text/values.h"

namespace holm::cli {

struct PortForward {
    std::variant<Ipv4, Ipv6> address = Ipv4{{127, 0, 0, 1}};  // of the host, on which it listens
    std::uint16_t host_port = 0;
    std::uint16_t guest_port = 0;
    bool udp = false;

    bool is_v6() const { return std::holds_alternative<Ipv6>(address); }
    bool is_loopback() const;
    std::string address_text() const;
    std::string text() const;  // "127.0.0.1:8080 -> 80/tcp", "[::1]:8080 -> 80/tcp"
};

// [ADDRESS:]HOST:GUEST[/tcp|/udp], an IPv6 address in brackets. Without an address, only this machine itself
// can connect.
Parsed<PortForward> parse_port_forward(std::string_view text);

// Why the host's port cannot be had, or "": it is tried, and let go again.
std::string why_taken(const PortForward& forward);

// A TCP port of 127.0.0.1 that is free now.
std::uint16_t free_port();

}  // namespace holm::cli
