#pragma once

// Being on a client of a topology.

#include "cli/topology/record.h"

namespace holm::cli {

// Moves this process into the client's network, for good, with the client's name servers in the place where
// programs look for them.
void enter_client(const TopologyRecord& topology, const TopologyRecord::Client& client);

}  // namespace holm::cli
