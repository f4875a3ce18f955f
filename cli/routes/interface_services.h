#pragma once

// What an interface offers to its hosts, as router.toml says: addresses by DHCP, router advertisements.

#include "cli/settings/section.h"
#include "services/route/table_builder.h"

namespace holm::cli {

// `interface` has its addresses already.
void read_dhcp_server(Section& section, route::InterfaceRecord& interface, route::TableParts& parts);
void read_advertisement(Section& section, route::InterfaceRecord& interface, route::TableParts& parts);

}  // namespace holm::cli
