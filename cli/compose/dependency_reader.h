#pragma once

// depends_on of a service, in both of docker-compose's forms.

#include <vector>

#include "cli/compose/description.h"
#include "cli/settings/section.h"

namespace holm::cli {

// ["dns"], or { dns = { condition = "service_healthy" } }.
std::vector<Dependency> read_dependencies(Section& service);

}  // namespace holm::cli
