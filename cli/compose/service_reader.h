#pragma once

// [services.NAME] of a compose file.

#include <string>

#include "cli/compose/description.h"
#include "cli/settings/section.h"

namespace holm::cli {

ComposeService read_service(Section& section, std::string name, const std::vector<ComposeNetwork>& networks);

}  // namespace holm::cli
