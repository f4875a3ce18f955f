// holm gdb: a stock gdb on an instance, with symbols at the right place and commands of Holm's own.

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/debug/debugger.h"
#include "cli/failure.h"
#include "cli/process/child.h"
#include "cli/process/run_program.h"
#include "cli/run/find_image.h"
#include "cli/run/instance_record.h"
#include "cli/run/passt.h"
#include "cli/run/run_options.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct GdbOptions {
    RunOptions run;
    std::string core;
};

// Waits until a tender with --stopped has done so; fails when it ends instead (it has said why).
void wait_until_stopped(pid_t tender) {
    int status = 0;
    while (waitpid(tender, &status, WUNTRACED) < 0) {
        if (errno != EINTR) fail_with("waiting for the tender failed: {}", std::strerror(errno));
    }
    if (!WIFSTOPPED(status)) throw Failure("the instance could not be started", 125);
}

void wait_for_socket(pid_t tender, const fs::path& socket) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!fs::is_socket(socket)) {
        if (waitpid(tender, nullptr, WNOHANG) == tender)
            throw Failure("the instance could not be started", 125);
        if (std::chrono::steady_clock::now() >= deadline)
            fail_with("the tender has not opened {} in 30 s", quote(socket.string()));
        std::this_thread::sleep_for(2ms);
    }
}

// A new instance that waits before its first instruction. It is our child, as it will be gdb's: so the
// kernel lets gdb attach to it even where processes of one user may not trace each other (Yama), and it ends
// with gdb.
DebugTarget start_stopped(RunOptions options, const RunPlan& plan) {
    options.stopped = true;
    fs::path socket;
    if (options.tender != "process") {
        socket = instance_folder() / formatted("{}.gdb", getpid());
        options.gdb = socket.string();
    }
    // Nobody is left to destroy it: it ends with gdb, as the instance does.
    auto* const passt = plan.forwards.empty() ? nullptr : new Passt(plan.forwards);
    if (passt != nullptr) passt->outlive_this_program();
    std::vector<std::string> words =
        tender_command(options, plan, passt != nullptr ? passt->net_setting() : "");
    // Not every KVM hands the breakpoints of ring 3 to QEMU; the emulated processor does.
    if (options.tender == "qemu") words.insert(words.begin() + 1, {"--accel", "tcg"});
    const pid_t tender = spawn(words, {.ignore_interrupt = true, .own_session = true});
    if (passt != nullptr) passt->close_guest_end();
    if (socket.empty()) {
        wait_until_stopped(tender);
        return {.process = tender, .socket = {}, .core = {}, .stopped = true};
    }
    wait_for_socket(tender, socket);
    return {.process = 0, .socket = socket.string(), .core = {}, .stopped = true};
}

std::optional<InstanceRecord> running_instance(const std::string& what) {
    if (what.contains('/')) return std::nullopt;
    pid_t number = 0;
    const auto [end, error] = std::from_chars(what.data(), what.data() + what.size(), number);
    const bool by_number = error == std::errc{} && end == what.data() + what.size();
    for (const InstanceRecord& record : running_instances()) {
        if (by_number ? record.supervisor == number : record.name == what) return find_instance(what);
    }
    return std::nullopt;
}

DebugTarget target_of(const InstanceRecord& record) {
    if (record.runs_under == "process") return {.process = record.tender, .socket = {}, .core = {}};
    if (record.gdb_socket.empty()) {
        fail_with("{} ({}) runs without a way in for debuggers; start it with holm run --gdb SOCKET",
                  record.name, record.supervisor);
    }
    return {.process = 0, .socket = record.gdb_socket, .core = {}};
}

int debug(const GdbOptions& options, const std::vector<std::string>& own) {
    if (!options.core.empty()) {
        const DebugTarget target{.process = 0, .socket = {}, .core = options.core};
        become_program(gdb_command(target, find_debug_files(find_image(options.run.image)), own));
    }
    if (const auto record = running_instance(options.run.image)) {
        const DebugTarget target = target_of(*record);
        const DebugFiles files = find_debug_files(record->image);
        print_line(stderr, "holm: {} runs as {}; gdb attaches to it", record->name, record->supervisor);
        become_program(gdb_command(target, files, own));
    }
    const RunPlan plan = plan_run(options.run);
    const DebugFiles files = find_debug_files(plan.image);  // before anything is started in vain
    become_program(gdb_command(start_stopped(options.run, plan), files, own));
}

}  // namespace

void add_gdb(CommandLine& line, const std::vector<std::string>& words_behind) {
    const auto options = std::make_shared<GdbOptions>();
    RunOptions& run = options->run;
    line.add_command("gdb", "Debug an image from its first instruction, a running instance, or a core file")
        .positional("IMAGE|INSTANCE", run.image, "As for holm run; a running instance goes first")
        .option("--core", options->core, "A core file of this image, instead of an instance")
        .option("--tender", run.tender, "What runs a new instance: process (the default), vm or qemu")
        .one_of({"process", "vm", "qemu"})
        .option("--mem", run.memory, "Heap, such as 16M (default: what the image says)")
        .list("--arg", run.arguments, "One argument for the service; --arg=--x for one with dashes")
        .list("--env", run.environment, "One variable for the service: NAME=VALUE")
        .list("--net", run.net, "Grant a network device, as for holm run")
        .list("-p,--publish", run.publish, "Lead a port of this machine to the image: [ADDRESS:]HOST:GUEST")
        .footer(
            "Words behind \"--\" are gdb's: holm gdb web -- -batch -ex 'break main' -ex continue -ex bt\n"
            "In gdb: holm tasks, holm backtrace, holm timers, holm connections.")
        .action([options, &words_behind] { return debug(*options, words_behind); });
}

}  // namespace holm::cli
