// holm ps: what runs.

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/text/style.h"
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

// number, name, age, tender, state, ports
using Row = std::array<std::string, 6>;

// As wide as what stands in them, and at least so wide; the last one has no end.
constexpr std::array<std::size_t, 5> kLeastWidths{8, 20, 8, 8, 22};

void print_table(const std::vector<Row>& rows) {
    std::array<std::size_t, kLeastWidths.size()> widths = kLeastWidths;
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
    }
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i)
            line += row[i] + std::string(widths[i] - columns_of(row[i]) + 1, ' ');
        line += row.back();
        print_line("{}", std::string_view(line).substr(0, line.find_last_not_of(' ') + 1));
    }
}

// What the supervisor of a topology says of its services, those that do not run included.
void add_topology(const TopologyRecord& topology, const std::vector<InstanceRecord>& running,
                  std::vector<Row>& rows) {
    for (const ListedService& service : list_services(topology.name)) {
        const std::string name = formatted("{}-{}", topology.name, service.name);
        const auto record = std::ranges::find(running, service.process, &InstanceRecord::supervisor);
        if (record == running.end()) {
            rows.push_back({"-", name, "", "", service.state, ""});
        } else {
            rows.push_back({std::to_string(service.process), name, age_of(*record), record->runs_under,
                            service.state, record->ports});
        }
    }
}

void print_instances() {
    const std::vector<InstanceRecord> running = running_instances();
    std::vector<Row> rows{{"NUMBER", "NAME", "AGE", "TENDER", "STATE", "PORTS"}};
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
    if (rows.size() == 1) return print_line("no instance runs");
    print_table(rows);
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
