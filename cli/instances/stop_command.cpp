// holm stop: an orderly end.

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/text/duration.h"
#include "cli/text/format.h"
#include "cli/topology/namespaces.h"
#include "cli/topology/record.h"

namespace holm::cli {
namespace {

using namespace std::chrono_literals;

bool still_runs(const InstanceRecord& record) {
    return start_ticks_of(record.supervisor) == record.start_ticks;
}

// By a descriptor of the process: its number may be another's by the time of the signal.
void ask_to_stop(const InstanceRecord& record) {
    const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, record.supervisor, 0)));
    if (!still_runs(record)) return;
    if (process.number() < 0 || syscall(SYS_pidfd_send_signal, process.number(), SIGTERM, nullptr, 0) != 0) {
        if (errno != ESRCH) fail_with("{} cannot be stopped: {}", record.name, std::strerror(errno));
    }
}

bool ends_within(const InstanceRecord& record, std::chrono::milliseconds time) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (still_runs(record)) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

// A part of a topology is its supervisor's to end: it would start it again.
std::optional<TopologyService> service_meant_by(const std::string& what) {
    if (const auto service = find_topology_service(what)) return service;
    for (const InstanceRecord& record : running_instances()) {
        if (std::to_string(record.supervisor) == what && !record.topology.empty())
            return find_topology_service(record.name);
    }
    return std::nullopt;
}

// holm run has a grace period of its own and kills the instance behind it; `patience` is how long this
// command waits for that.
void stop(const std::string& what, const std::string& patience) {
    const auto time = parse_duration(patience);
    if (!time) throw Failure(time.error(), 2);
    if (const auto service = service_meant_by(what)) {
        ask_topology(service->topology, formatted("stop {}", service->service));
        print_line("{}-{} has ended; holm restart {} starts it again", service->topology, service->service,
                   service->service);
        return;
    }
    const InstanceRecord record = find_instance(what);
    ask_to_stop(record);
    if (!ends_within(record, *time)) {
        fail_with("{} ({}) was asked to stop and still runs after {}", record.name, record.supervisor,
                  patience);
    }
    print_line("{} ({}) has ended", record.name, record.supervisor);
}

}  // namespace

void add_stop(CommandLine& line) {
    struct Options {
        std::string what;
        std::string wait = "10s";
    };
    const auto options = std::make_shared<Options>();
    line.add_command("stop", "Ask an instance to stop, and wait until it has")
        .positional("INSTANCE", options->what, "Its name, or its number in holm ps")
        .option("--wait", options->wait,
                "How long to wait for the end (default: 10s; a part of a topology has its stop_grace_period)")
        .action([options] {
            stop(options->what, options->wait);
            return 0;
        });
}

}  // namespace holm::cli
