#pragma once

// What the demo asks of its topology, from the client.

#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/text/style.h"
#include "cli/topology/record.h"

namespace holm::cli {

inline constexpr std::string_view kDemoSite = "www.holm.test";

struct Findings {
    bool good = false;          // all went as it should
    std::uint64_t blocked = 0;  // pings, as the firewall's rule has counted them
    double gigabits = 0;        // a second, of a download over one connection
};

// Resolves a name, fetches pages, pings, downloads; prints what came of each. Nothing when it could not go
// on, of which it has said why.
std::optional<Findings> ask_from_client(const TopologyRecord& topology, const Style& style);

}  // namespace holm::cli
