#pragma once

// Which topologies run for this user: a small file each in the instance folder, and a socket beside it
// through which their supervisor is asked for things. Both mean nothing once the supervisor is gone, and are
// removed by whoever meets them.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace holm::cli {

struct TopologyRecord {
    std::string name;
    pid_t supervisor = 0;
    std::uint64_t start_ticks = 0;  // as InstanceRecord's
    std::string file;               // absolute path of the compose file
    std::vector<std::string> services;
    struct Client {
        int network_namespace = -1;  // a descriptor of the supervisor
        std::vector<std::string> dns;
    };
    std::map<std::string, Client> clients;
};

std::filesystem::path topology_record(std::string_view name);
std::filesystem::path topology_socket(std::string_view name);

// Precondition: the name is claimed (claim.h).
void write_topology(const TopologyRecord& record);

// Removes the files of those that do not run any more.
std::vector<TopologyRecord> running_topologies();

// The one of that name, or of that compose file; without a name, the only one there is. Fails with what runs.
TopologyRecord find_topology(std::string_view what);

// A service by "PROJECT-SERVICE", or by its own name if that is unique; nothing if no topology has it.
struct TopologyService {
    std::string topology, service;
};
std::optional<TopologyService> find_topology_service(std::string_view what);

// Asks the supervisor: "stop web", "restart web", "down", "list". Returns its answer; fails with its
// complaint, and when none comes within `patience` (0: it takes as long as it takes).
std::string ask_topology(std::string_view name, std::string_view request,
                         std::chrono::seconds patience = std::chrono::seconds(0));

// Text form and back; nothing is assumed about `text`.
std::string format_topology(const TopologyRecord& record);
std::optional<TopologyRecord> parse_topology(std::string_view text);

}  // namespace holm::cli
