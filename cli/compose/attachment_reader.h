#pragma once

// How a service or a client is on its networks: the tables under `networks`.

#include "cli/compose/description.h"
#include "cli/settings/section.h"

namespace holm::cli {

// `networks` of [services.NAME]: a key is a device of the image. "lan = "dmz"" is short for a table with
// nothing but a network.
std::vector<Attachment> read_devices(Section& service, const std::vector<ComposeNetwork>& networks);

// `networks` of [clients.NAME]: a key is a network.
std::vector<Attachment> read_links(Section& client, const std::vector<ComposeNetwork>& networks);

}  // namespace holm::cli
