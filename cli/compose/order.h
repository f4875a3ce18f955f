#pragma once

// The order in which services start.

#include <vector>

#include "cli/compose/description.h"

namespace holm::cli {

// Sorts the services so that each comes behind those it depends on, and otherwise as they stood. Reports
// names that nobody has, circles, and conditions that never come true.
void order_services(std::vector<ComposeService>& services, Mistakes& mistakes);

}  // namespace holm::cli
