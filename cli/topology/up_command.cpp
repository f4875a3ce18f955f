// holm up: a topology from its compose file.

#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/text/counted.h"
#include "cli/text/format.h"
#include "cli/topology/bring_up.h"
#include "cli/topology/compose_file.h"

namespace holm::cli {
namespace {

int up(const std::string& path, bool detach, bool check) {
    const ComposeFile file = load_compose_file(path);
    if (check) {
        print_line("{}: {}, {}, {}; nothing is wrong with it", file.path.string(),
                   counted(file.compose.services.size(), "service"),
                   counted(file.compose.networks.size(), "network"),
                   counted(file.compose.clients.size(), "client"));
        return 0;
    }
    return detach ? bring_up_detached(file) : bring_up(file);
}

}  // namespace

void add_up(CommandLine& line) {
    struct Options {
        std::string file = ".";
        bool detach = false;
        bool check = false;
    };
    const auto options = std::make_shared<Options>();
    line.add_command("up", "Bring up the images and networks of a compose file")
        .positional("FILE", options->file,
                    "The file (TOML, or YAML), or a folder with a holm.compose.toml or .yaml (default: here)",
                    false)
        .flag("-d,--detach", options->detach, "Return when everything is ready; holm down ends it")
        .flag("--check", options->check, "Look for mistakes, and start nothing")
        .footer(
            "Without -d it stays until Ctrl-C, and takes everything down in the reverse order. The networks "
            "are\n"
            "namespaces of its own: nothing of them is left behind, however it ends.")
        .action([options] { return up(options->file, options->detach, options->check); });
}

}  // namespace holm::cli
