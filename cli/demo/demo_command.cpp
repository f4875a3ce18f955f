// holm demo: what Holm is, run for real and asked for real, and what a newcomer wants to know about it.

#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/demo/poc_demo.h"
#include "cli/demo/web_demo.h"
#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/topology/namespaces.h"

namespace holm::cli {
namespace {

// Why this user can make no networks here; "": he can.
std::string why_no_networks() {
    if (access("/dev/net/tun", R_OK | W_OK) != 0) return "/dev/net/tun is missing, or not for this user";
    return why_no_namespaces();
}

int run(const PocDemo& demo) {
    const std::string why = why_no_networks();
    if (why.empty()) {
        show_poc_demo(demo);
        return 0;
    }
    if (demo.keep || demo.tender != "process") fail_with("no networks can be made here: {}", why);
    print_line("no networks can be made here ({}), so this is the web server alone\n", why);
    show_web_demo();
    return 0;
}

}  // namespace

void add_demo(CommandLine& line) {
    const auto demo = std::make_shared<PocDemo>();
    line.add_command("demo", "Run a firewall, a name server and a web server, and show what they do and cost")
        .option("--tender", demo->tender, "What runs them: process (the default), vm or qemu")
        .one_of({"process", "vm", "qemu"})
        .flag("--keep", demo->keep, "Leave them up; holm down ends them")
        .action([demo] { return run(*demo); });
}

}  // namespace holm::cli
