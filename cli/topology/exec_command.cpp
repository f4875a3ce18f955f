// holm exec: a program on a client of a topology.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/places.h"
#include "cli/process/run_program.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"
#include "cli/topology/client_namespace.h"
#include "cli/topology/namespaces.h"
#include "cli/topology/record.h"

namespace holm::cli {
namespace {

constexpr std::string_view kHelp =
    "Run a program of this machine on a client of a topology\n"
    "Usage: holm exec CLIENT [--] COMMAND...\n"
    "\n"
    "CLIENT is a table [clients.CLIENT] of a compose file that is up, or TOPOLOGY/CLIENT. The program is in "
    "its\n"
    "network namespace, with its name servers; files and all else are this machine's.";

struct Place {
    TopologyRecord topology;
    TopologyRecord::Client client;
};

// "client", or "poc/client" where several topologies have one.
Place find_client(const std::string& what) {
    const std::size_t slash = what.find('/');
    std::vector<std::string> known;
    std::vector<Place> found;
    for (const TopologyRecord& record : running_topologies()) {
        for (const auto& [name, client] : record.clients) {
            known.push_back(formatted("{}/{}", record.name, name));
            if (what == (slash == std::string::npos ? name : known.back())) found.push_back({record, client});
        }
    }
    if (found.size() == 1) return found[0];
    const std::vector<std::string_view> views(known.begin(), known.end());
    if (found.size() > 1)
        fail_with("several topologies have a client {}; say which: {}", quote(what), join(views));
    fail_with(
        "no topology that is up has a client {}; {}", quote(what),
        views.empty() ? "a client is a table [clients.NAME] of a compose file" : "there are: " + join(views));
}

[[noreturn]] void execute(const std::string& what, const std::vector<std::string>& command) {
    const Place place = find_client(what);
    const auto program = command[0].contains('/') ? std::optional(std::filesystem::path(command[0]))
                                                  : find_on_path(command[0]);
    if (!program) throw Failure(formatted("there is no program {}", quote(command[0])), 127);
    enter_client(place.topology, place.client);
    keep_network_rights();
    std::vector<std::string> words = command;
    words[0] = program->string();
    become_program(words);
}

}  // namespace

void add_exec(CommandLine& line) {
    const auto words = std::make_shared<std::vector<std::string>>();
    line.add_command("exec",
                     "Run a program on a client of a topology: holm exec client curl http://10.0.0.2/")
        .everything(*words)
        .action([words]() -> int {
            // As other tools of this kind have it: holm exec client -- COMMAND.
            if (words->size() > 1 && (*words)[1] == "--") words->erase(words->begin() + 1);
            if (!words->empty() && (words->front() == "--help" || words->front() == "-h")) {
                print_line("{}", kHelp);
                return 0;
            }
            if (words->size() < 2) {
                throw Failure(formatted("{} is required; holm exec --help says what is allowed",
                                        words->empty() ? "CLIENT" : "COMMAND"),
                              2);
            }
            execute(words->front(), {words->begin() + 1, words->end()});
        });
}

}  // namespace holm::cli
