// holm run

#include <algorithm>
#include <filesystem>
#include <memory>

#include "abi/manifest.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/image/image_head.h"
#include "cli/process/run_program.h"
#include "cli/run/detach.h"
#include "cli/run/run_instance.h"
#include "cli/run/run_options.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr int kNotStarted = 125;  // as holm-process has it

// With QEMU's own user network in the place of passt, which is on the same addresses.
int print_command(const RunOptions& options, const RunPlan& plan) {
    constexpr const char* kUserNetwork = "stream:3,ip=10.0.2.15/24,gw=10.0.2.2,dns=10.0.2.3";
    return run_program(tender_command(options, plan, kUserNetwork));
}

std::unique_ptr<const tender::LoadPlan> head_if_good(const std::filesystem::path& image) {
    try {
        return read_image_head(image);
    } catch (const Failure&) {
        return nullptr;  // what is wrong with an image is its tender's to say
    }
}

// The tender would refuse it too, but does not know of -p, and with -d nobody sees what it says.
void require_grants(const RunOptions& options, const RunPlan& plan) {
    const auto image = head_if_good(plan.image);
    if (image == nullptr) return;
    for (const holm_manifest_device& device : image->devices()) {
        const std::string name = device.name;
        const bool net = device.kind == HOLM_DEVICE_NET;
        const bool granted =
            std::ranges::any_of(net ? options.net : options.block,
                                [&](const std::string& grant) { return grant.starts_with(name + "="); });
        if (granted || plan.passt_device == name || (device.flags & HOLM_DEVICE_OPTIONAL) != 0) continue;
        const std::string image_name = quote(plan.image.filename().string());
        if (net) {
            fail_with(
                "{0} needs its network device {1}: -p HOST:GUEST leads a port of this machine to it, "
                "--net {1}=tapX grants it a tap",
                image_name, name);
        }
        fail_with("{0} needs its block device {1}: --block {1}=FILE grants it a file", image_name, name);
    }
}

int run_command(const RunOptions& options) {
    const RunPlan plan = plan_run(options);
    require_grants(options, plan);
    if (options.print_command) return print_command(options, plan);
    if (!options.detach) return run_instance(options, plan, "", [] {});
    const std::filesystem::path log = new_log_path(plan.name);
    const pid_t supervisor = run_detached(log, [&](const std::function<void()>& ready) {
        return run_instance(options, plan, log.string(), ready);
    });
    print_line("{0} runs as {1}; holm logs {1} shows its output, holm stop {1} ends it", plan.name,
               supervisor);
    return 0;
}

}  // namespace

void add_run(CommandLine& line, const std::vector<std::string>& service_arguments) {
    const auto options = std::make_shared<RunOptions>();
    line.add_command("run", "Run an image as a sandboxed process, or as a virtual machine")
        .positional("IMAGE", options->image, "Path of an image, or a name looked for in build/images")
        .option("--name", options->name, "What holm ps, logs and stop call it (default: the image's name)")
        .option("--tender", options->tender, "What runs it: process (the default), vm (KVM) or qemu")
        .one_of({"process", "vm", "qemu"})
        .option("--mem", options->memory, "Heap, such as 16M (default: what the image says)")
        .list("--arg", options->arguments, "One argument for the service; --arg=--x for one with dashes")
        .list("--env", options->environment, "One variable for the service: NAME=VALUE")
        .list("--net", options->net,
              "Grant a network device: NAME=tapX or NAME=fd:N, then ,ip=10.0.0.2/24 ,gw=10.0.0.1 "
              ",ip6=fd00::2/64 ,gw6=fd00::1 ,dns=10.0.0.1 ,vlan=10")
        .list("--block", options->block,
              "Grant a block device: NAME=FILE or NAME=FILE,ro, with a file or block special file")
        .list("-p,--publish", options->publish,
              "Lead a port of this machine to the image: [ADDRESS:]HOST:GUEST[/udp]; rootless, through passt")
        .option("--grace", options->grace, "Time between a stop request and the end (default: 5s)")
        .flag("--quiet", options->quiet, "No messages of the library OS; the service's own stay")
        .flag("--prefault", options->prefault, "vm: have the heap in memory before the start")
        .flag("--huge-pages", options->huge_pages, "vm: have the heap in pages of 2 MiB")
        .flag("--trace-syscalls", options->trace_system_calls, "Print each system call to standard error")
        .option("--gdb", options->gdb,
                "Let a debugger in at this socket (vm; a process needs none): holm gdb")
        .option("--dump", options->dump, "On a panic or a crash, write a core file for gdb")
        .option("--machine", options->machine, "qemu: microvm (the default), q35 or pc")
        .option("--accel", options->accelerator, "qemu: kvm or tcg (default: kvm if it can be had)")
        .flag("--print-command", options->print_command, "qemu: print its command line instead of running it")
        .flag("-d,--detach", options->detach, "Go on without this terminal; see holm ps, logs, stop")
        .footer(
            "Arguments for the service go behind \"--\": holm run web -- --verbose\n"
            "The exit status is the service's own; 125: it could not be started; 128 + n: ended by signal n.")
        .action([options, &service_arguments] {
            options->arguments.insert(options->arguments.end(), service_arguments.begin(),
                                      service_arguments.end());
            try {
                return run_command(*options);
            } catch (const Failure& failure) {
                throw Failure(failure.what(), failure.status() == 1 ? kNotStarted : failure.status());
            }
        });
}

}  // namespace holm::cli
