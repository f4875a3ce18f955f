// holm ps: what runs.

#include <chrono>
#include <format>
#include <print>

#include "cli/commands.h"
#include "cli/run/instance_record.h"

namespace holm::cli {
namespace {

std::string age_of(const InstanceRecord& record) {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
    const std::int64_t seconds = std::max<std::int64_t>(now.count() - record.started, 0);
    if (seconds < 120) return std::format("{} s", seconds);
    if (seconds < 120 * 60) return std::format("{} min", seconds / 60);
    if (seconds < 48 * 3600) return std::format("{} h", seconds / 3600);
    return std::format("{} d", seconds / 86400);
}

void print_instances() {
    const std::vector<InstanceRecord> running = running_instances();
    if (running.empty()) {
        std::println("no instance runs");
        return;
    }
    std::println("{:<8} {:<20} {:<8} {}", "NUMBER", "NAME", "AGE", "PORTS");
    for (const InstanceRecord& record : running) {
        std::println("{:<8} {:<20} {:<8} {}", record.supervisor, record.name, age_of(record), record.ports);
    }
}

}  // namespace

void add_ps(CommandLine& line) {
    line.add_command("ps", "List the instances that holm run has started")
        .footer("It shows your own instances; those of the tender alone (holm-process) are not known to it.")
        .action([] {
            print_instances();
            return 0;
        });
}

}  // namespace holm::cli
