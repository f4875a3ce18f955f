#include "cli/topology/client_namespace.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/namespaces.h"

namespace holm::cli {
namespace {

void enter(const std::string& path, int kind) {
    const Descriptor place(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (place.number() < 0 || setns(place.number(), kind) != 0)
        fail_with("{} cannot be entered: {}", quote(path), std::strerror(errno));
}

// The client's own name servers, in the place where programs look for them, for this process only.
void use_name_servers(const std::vector<std::string>& servers) {
    if (servers.empty()) return;
    const std::string file = (instance_folder() / formatted("{}.resolv", getpid())).string();
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

}  // namespace

void enter_client(const TopologyRecord& topology, const TopologyRecord::Client& client) {
    const std::string supervisor = formatted("/proc/{}", topology.supervisor);
    struct stat ours{}, theirs{};
    const bool same = stat("/proc/self/ns/user", &ours) == 0 &&
                      stat((supervisor + "/ns/user").c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino;
    if (!same) enter(supervisor + "/ns/user", CLONE_NEWUSER);
    enter(formatted("{}/fd/{}", supervisor, client.network_namespace), CLONE_NEWNET);
    use_name_servers(client.dns);
}

}  // namespace holm::cli
