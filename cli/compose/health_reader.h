#pragma once

// [services.NAME.healthcheck] of a compose file.

#include <optional>

#include "cli/compose/description.h"
#include "cli/settings/section.h"

namespace holm::cli {

// Nothing where the service has none.
std::optional<HealthCheck> read_health(Section& service);

}  // namespace holm::cli
