#pragma once

// What the images of a topology say about themselves, held against the compose file before anything is
// started.

#include <filesystem>
#include <vector>

#include "cli/compose/description.h"
#include "cli/run/run_options.h"

namespace holm::cli {

// One instance as `holm run` would start it, but for its network devices, which are there only later.
struct PlannedService {
    RunOptions options;
    RunPlan plan;
};

// In the order of the services. Relative paths start at `folder`, that of the compose file. Reports images
// that are missing or none, devices they do not have, devices they need and are not given, too little
// memory, processors and disks that are not there, and ports that cannot be had.
std::vector<PlannedService> plan_services(const Compose& compose, const std::filesystem::path& folder,
                                          Mistakes& mistakes);

// "lan=fd:7,ip=10.0.0.2/24,gw=10.0.0.1": how --net says where a device leads.
std::string net_setting(const Attachment& attachment, const ComposeNetwork& network, int tap);

}  // namespace holm::cli
