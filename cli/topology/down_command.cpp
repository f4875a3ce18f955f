// holm down, holm restart: asked of a topology's supervisor.

#include <charconv>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/compose_file.h"
#include "cli/topology/logs.h"
#include "cli/topology/record.h"

namespace holm::cli {
namespace {

// One that has ended without holm down (Ctrl-C, a crash) and has left its logs; "": none is meant.
std::string ended_topology(const std::string& what) {
    std::set<std::string> ended = topologies_with_logs();
    const std::vector<TopologyRecord> running = running_topologies();
    for (const TopologyRecord& record : running) ended.erase(record.name);
    if (what.empty()) return running.empty() && ended.size() == 1 ? *ended.begin() : "";
    if (ended.contains(what)) return what;
    const std::string name = topology_name_of(what);
    return ended.contains(name) ? name : "";
}

void down(const std::string& what) {
    if (const std::string ended = ended_topology(what); !ended.empty()) {
        remove_topology_logs(ended);
        return print_line("{} was not up any more; its logs are removed", ended);
    }
    const TopologyRecord record = find_topology(what);
    ask_topology(record.name, "down");
    remove_topology_logs(record.name);
    print_line("{} is down", record.name);
}

void restart(const std::string& what) {
    const auto service = find_topology_service(what);
    if (!service) {
        fail_with(
            "no topology that is up has a service {}; an instance of holm run is stopped with holm stop and "
            "run "
            "again",
            quote(what));
    }
    const std::string answer = ask_topology(service->topology, formatted("restart {}", service->service));
    if (answer.empty()) return print_line("{} has done its work again and ended well", service->service);
    std::uint64_t microseconds = 0;
    std::from_chars(answer.data(), answer.data() + answer.size(), microseconds);
    print_line("{} is ready again, {:.1f} ms after its start", service->service,
               static_cast<double>(microseconds) / 1000);
}

}  // namespace

void add_down(CommandLine& line) {
    const auto what = std::make_shared<std::string>();
    line.add_command("down", "End a topology that holm up has brought up")
        .positional("TOPOLOGY", *what, "Its name or its compose file (default: the only one that is up)",
                    false)
        .footer("Nothing of it is left, its logs neither; also after a crash of holm up.")
        .action([what] {
            down(*what);
            return 0;
        });
}

void add_restart(CommandLine& line) {
    const auto what = std::make_shared<std::string>();
    line.add_command("restart", "End a service of a topology and start it again")
        .positional("SERVICE", *what, "Its name, or TOPOLOGY-NAME")
        .footer("It keeps its networks; the others are not touched.")
        .action([what] {
            restart(*what);
            return 0;
        });
}

}  // namespace holm::cli
