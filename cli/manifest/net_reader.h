#pragma once

// The addresses of a [[net]] of holm.toml.

#include "cli/manifest/description.h"
#include "cli/settings/section.h"

namespace holm::cli {

// Reads address, gateway, dns, address6, gateway6 and vlan; reports what does not go together.
void read_net_settings(Section& section, NetDevice& device);

}  // namespace holm::cli
