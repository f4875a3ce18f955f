#pragma once

// The logs of a topology, which outlive it until it is started again or `holm down` removes them: files in
// the instance folder, called TOPOLOGY+SERVICE. No name has a '+' in it.

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace holm::cli {

// As new_log_path() takes it; without a service, what the supervisor itself writes.
std::string topology_log_name(std::string_view topology, std::string_view service = "");

// Whether people mean that log by `what`: TOPOLOGY-SERVICE, SERVICE, or TOPOLOGY for the supervisor's.
bool is_log_of(std::string_view log_name, std::string_view what);

// The topologies that have any.
std::set<std::string> topologies_with_logs();

// Leaves them alone while somebody brings that topology up.
void remove_topology_logs(const std::string& topology);

// The last lines of a log, each behind "    | ".
std::string last_words(const std::filesystem::path& log);

}  // namespace holm::cli
