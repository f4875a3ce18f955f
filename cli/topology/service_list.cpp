#include "cli/topology/service_list.h"

#include <sstream>

#include "cli/topology/record.h"

namespace holm::cli {

std::vector<ListedService> list_services(const std::string& topology) {
    std::istringstream lines(ask_topology(topology, "list", std::chrono::seconds(5)));
    std::vector<ListedService> services;
    ListedService one;
    std::int64_t microseconds = 0;
    while (lines >> one.name >> one.process >> microseconds && std::getline(lines >> std::ws, one.state)) {
        one.start_time = std::chrono::microseconds(microseconds);
        services.push_back(one);
    }
    return services;
}

}  // namespace holm::cli
