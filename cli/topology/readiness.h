#pragma once

// Whether a service does its work yet.

#include <filesystem>
#include <optional>
#include <string>

#include "cli/compose/description.h"

namespace holm::cli {

struct Probe {
    HealthCheck check;
    std::optional<Ipv4> address;   // of the service; for kLog neither of the two
    std::optional<Ipv6> address6;  // where it has no IPv4 address
    int network_namespace = -1;    // from which it can be reached
    std::filesystem::path log;     // of kLog
    std::uintmax_t log_start = 0;  // what stands before this is an earlier instance's
};

// Asks again and again until the service answers as it should (true) or the check's time is over. Enters the
// network namespace, so that it belongs in a process of its own.
bool wait_until_ready(const Probe& probe);

// What it did not get: "nothing answers at 10.0.0.2 port 80".
std::string missing_answer(const Probe& probe);

}  // namespace holm::cli
