#include "cli/run/run_instance.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/process/child.h"
#include "cli/run/error_relay.h"
#include "cli/run/fault_names.h"
#include "cli/run/instance_record.h"
#include "cli/run/passt.h"
#include "cli/run/supervise.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

InstanceRecord make_record(const RunOptions& options, const RunPlan& plan, pid_t tender,
                           const std::string& log) {
    std::string ports;
    for (const PortForward& forward : plan.forwards) ports += (ports.empty() ? "" : ", ") + forward.text();
    return {.name = plan.name,
            .supervisor = getpid(),
            .start_ticks = start_ticks_of(getpid()).value_or(0),
            .tender = tender,
            .started = std::chrono::duration_cast<std::chrono::seconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count(),
            .image = std::filesystem::absolute(plan.image).string(),
            .ports = ports,
            .runs_under = options.tender,
            .dump = options.dump.empty() ? "" : std::filesystem::absolute(options.dump).string(),
            .gdb_socket = options.gdb.empty() ? "" : std::filesystem::absolute(options.gdb).string(),
            .topology = plan.topology,
            .log = log};
}

// holm-qemu ends a machine by itself, and says so.
std::chrono::milliseconds margin_of(std::string_view tender) {
    return std::chrono::milliseconds(tender == "qemu" ? 4000 : 500);
}

}  // namespace

int run_instance(const RunOptions& options, const RunPlan& plan, const std::string& log,
                 const std::function<void()>& ready) {
    hold_signals();
    std::optional<Passt> passt;
    if (!plan.forwards.empty()) passt.emplace(plan.forwards);
    if (passt && options.detach) passt->wait_until_ready();  // whoever started it may connect at once
    const std::vector<std::string> command = tender_command(options, plan, passt ? passt->net_setting() : "");
    // What holm-vm reports of a fault gets names afterwards.
    std::optional<ErrorRelay> relay;
    if (options.tender == "vm" && std::filesystem::exists(symbols_beside(plan.image))) relay.emplace();
    const pid_t tender = spawn(command, {.error = relay ? relay->write_end() : -1, .ignore_interrupt = true});
    if (relay) relay->close_write_end();
    if (passt) passt->close_guest_end();

    // The instance starts while this is written. Without a place for the record it runs all the same, but for
    // one that nobody could find again: no terminal has it, and no supervisor.
    bool recorded = false;
    try {
        write_record(make_record(options, plan, tender, log));
        recorded = true;
    } catch (const Failure& failure) {
        if (options.detach && plan.topology.empty()) {
            kill(tender, SIGKILL);
            while (waitpid(tender, nullptr, 0) < 0 && errno == EINTR) {
            }
            throw;
        }
        print_line(stderr, "holm: {} will not be listed by holm ps: {}", plan.name, failure.what());
    }
    ready();
    const int status = supervise({.name = plan.name,
                                  .tender = tender,
                                  .passt = passt ? &*passt : nullptr,
                                  .grace = plan.grace,
                                  .margin = margin_of(options.tender)});
    if (relay) print_names(reported_addresses(relay->finish()), plan.image);
    if (recorded) remove_record(getpid());
    return status;
}

}  // namespace holm::cli
