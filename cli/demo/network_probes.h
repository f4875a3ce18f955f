#pragma once

// What the demo asks of the topology from its client, beside HTTP.

#include <chrono>
#include <optional>
#include <string_view>

#include "cli/text/values.h"

namespace holm::cli {

struct Resolved {
    Ipv4 address;
    std::chrono::microseconds time{};
};
// Asks the server for an A record; fails when no proper answer comes within 5 s.
Resolved resolve(const Ipv4& server, std::string_view name);

// The round trip of one echo request; nothing when no answer comes within `patience`.
std::optional<std::chrono::microseconds> ping(const Ipv4& target, std::chrono::milliseconds patience);

}  // namespace holm::cli
