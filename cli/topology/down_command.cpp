// holm down, holm restart: asked of a topology's supervisor.

#include <charconv>
#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/record.h"

namespace holm::cli {
namespace {

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
        .action([what] {
            const TopologyRecord record = find_topology(*what);
            ask_topology(record.name, "down");
            print_line("{} is down", record.name);
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
