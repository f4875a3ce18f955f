// holm exec: a program on a client of a topology.

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <format>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/places.h"
#include "cli/process/run_program.h"
#include "cli/run/instance_record.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"
#include "cli/topology/namespaces.h"
#include "cli/topology/record.h"

namespace holm::cli {
namespace {

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
            known.push_back(std::format("{}/{}", record.name, name));
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

void enter(const std::string& path, int kind) {
    const Descriptor place(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (place.number() < 0 || setns(place.number(), kind) != 0)
        fail_with("{} cannot be entered: {}", quote(path), std::strerror(errno));
}

// The client's own name servers, in the place where programs look for them, for this process only.
void use_name_servers(const std::vector<std::string>& servers) {
    if (servers.empty()) return;
    const std::string file = (instance_folder() / std::format("{}.resolv", getpid())).string();
    {
        std::ofstream text(file, std::ios::trunc);
        for (const std::string& server : servers) text << "nameserver " << server << '\n';
    }
    const bool done = unshare(CLONE_NEWNS) == 0 &&
                      mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0;
    const int error = errno;
    unlink(file.c_str());  // the mount keeps what it shows
    if (!done) fail_with("the client's name servers cannot be put in place: {}", std::strerror(error));
}

[[noreturn]] void execute(const std::string& what, const std::vector<std::string>& command) {
    const Place place = find_client(what);
    const auto program = command[0].contains('/') ? std::optional(std::filesystem::path(command[0]))
                                                  : find_on_path(command[0]);
    if (!program) throw Failure(std::format("there is no program {}", quote(command[0])), 127);
    const std::string supervisor = std::format("/proc/{}", place.topology.supervisor);
    struct stat ours{}, theirs{};
    const bool same = stat("/proc/self/ns/user", &ours) == 0 &&
                      stat((supervisor + "/ns/user").c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino;
    // Made here: what the folder is called may depend on who asks.
    instance_folder();
    if (!same) enter(supervisor + "/ns/user", CLONE_NEWUSER);
    enter(std::format("{}/fd/{}", supervisor, place.client.network_namespace), CLONE_NEWNET);
    use_name_servers(place.client.dns);
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
            if (words->empty() || words->front() == "--help" || words->front() == "-h" || words->size() < 2) {
                throw Failure(
                    "holm exec CLIENT COMMAND...: a program in the network namespace of [clients.CLIENT], "
                    "with "
                    "its name servers",
                    2);
            }
            execute(words->front(), {words->begin() + 1, words->end()});
        });
}

}  // namespace holm::cli
