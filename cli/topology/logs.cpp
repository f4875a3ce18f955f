#include "cli/topology/logs.h"

#include <filesystem>

#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/topology/claim.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// The topology of a file such as "poc+web-1.log" or "poc+web-1.log.1"; "": it is none's.
std::string topology_of(const fs::path& file) {
    const std::string name = file.filename().string();
    const std::size_t plus = name.find('+');
    return name.contains(".log") && plus != std::string::npos ? name.substr(0, plus) : "";
}

}  // namespace

std::string topology_log_name(std::string_view topology, std::string_view service) {
    return formatted("{}+{}", topology, service);
}

bool is_log_of(std::string_view log_name, std::string_view what) {
    const std::size_t plus = log_name.find('+');
    if (plus == std::string_view::npos) return log_name == what;
    const std::string_view topology = log_name.substr(0, plus), service = log_name.substr(plus + 1);
    if (service.empty()) return topology == what;
    return service == what || formatted("{}-{}", topology, service) == what;
}

std::set<std::string> topologies_with_logs() {
    std::set<std::string> names;
    std::error_code error;
    for (fs::directory_iterator i(instance_folder(), error), end; !error && i != end; i.increment(error))
        names.insert(topology_of(i->path()));
    names.erase("");
    return names;
}

void remove_topology_logs(const std::string& topology) {
    auto claim = TopologyClaim::take(topology);
    if (!claim) return;
    std::error_code error;
    for (fs::directory_iterator i(instance_folder(), error), end; !error && i != end; i.increment(error)) {
        std::error_code unused;
        if (topology_of(i->path()) == topology) fs::remove(i->path(), unused);
    }
}

}  // namespace holm::cli
