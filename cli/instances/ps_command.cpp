// holm ps: what runs.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/topology/record.h"
#include "cli/topology/service_list.h"

namespace holm::cli {
namespace {

std::string age_of(const InstanceRecord& record) {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
    const std::int64_t seconds = std::max<std::int64_t>(now.count() - record.started, 0);
    if (seconds < 120) return formatted("{} s", seconds);
    if (seconds < 120 * 60) return formatted("{} min", seconds / 60);
    if (seconds < 48 * 3600) return formatted("{} h", seconds / 3600);
    return formatted("{} d", seconds / 86400);
}

struct Row {
    std::string number, name, age, tender, state, ports;
};

// What the supervisor of a topology says of its services, those that do not run included.
void add_topology(const TopologyRecord& topology, const std::vector<InstanceRecord>& running,
                  std::vector<Row>& rows) {
    for (const ListedService& service : list_services(topology.name)) {
        Row row{
            .number = "-", .name = formatted("{}-{}", topology.name, service.name), .state = service.state};
        const auto record = std::ranges::find(running, service.process, &InstanceRecord::supervisor);
        if (record != running.end()) {
            row.number = std::to_string(service.process);
            row.age = age_of(*record);
            row.tender = record->runs_under;
            row.ports = record->ports;
        }
        rows.push_back(row);
    }
}

void print_instances() {
    const std::vector<InstanceRecord> running = running_instances();
    std::vector<Row> rows;
    for (const InstanceRecord& record : running) {
        if (record.topology.empty()) {
            rows.push_back({std::to_string(record.supervisor), record.name, age_of(record), record.runs_under,
                            "runs", record.ports});
        }
    }
    for (const TopologyRecord& topology : running_topologies()) {
        try {
            add_topology(topology, running, rows);
        } catch (const Failure& failure) {  // one that ends at this moment is none any more
            std::error_code error;
            if (std::filesystem::exists(topology_record(topology.name), error))
                print_line(stderr, "holm: {}", failure.what());
        }
    }
    if (rows.empty()) {
        print_line("no instance runs");
        return;
    }
    const auto print = [](const Row& row) {
        print_line("{:<8} {:<20} {:<8} {:<8} {:<22} {}", row.number, row.name, row.age, row.tender, row.state,
                   row.ports);
    };
    print({"NUMBER", "NAME", "AGE", "TENDER", "STATE", "PORTS"});
    std::ranges::for_each(rows, print);
}

}  // namespace

void add_ps(CommandLine& line) {
    line.add_command("ps", "List the instances that holm run and holm up have started")
        .footer("It shows your own instances; those of the tender alone (holm-process) are not known to it.")
        .action([] {
            print_instances();
            return 0;
        });
}

}  // namespace holm::cli
