#include "cli/run/run_options.h"

#include <algorithm>

#include "cli/failure.h"
#include "cli/image/image_head.h"
#include "cli/places.h"
#include "cli/run/find_image.h"
#include "cli/text/duration.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

template <typename T>
T value_or_fail(Parsed<T> value) {
    if (!value) throw Failure(value.error(), 2);
    return *std::move(value);
}

// The network device that is left for passt: the first one without a --net.
std::string device_for_passt(const std::filesystem::path& image, const std::vector<std::string>& net) {
    const std::vector<std::string> devices = net_devices_of(*read_image_head(image));
    for (const std::string& device : devices) {
        const bool granted = std::ranges::any_of(
            net, [&](const std::string& grant) { return grant.starts_with(device + "="); });
        if (!granted) return device;
    }
    const std::string what = quote(image.filename().string());
    if (devices.empty()) {
        fail_with("{} has no network device, so -p leads nowhere; declare a [[net]] in its holm.toml", what);
    }
    fail_with("all network devices of {} are granted by --net, so none is left for -p", what);
}

void check_no_repeats(const std::vector<PortForward>& forwards) {
    for (std::size_t i = 0; i < forwards.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const PortForward &a = forwards[i], &b = forwards[j];
            if (a.host_port == b.host_port && a.udp == b.udp && a.address == b.address) {
                throw Failure(formatted("-p names port {} of {} twice", a.host_port, a.address_text()), 2);
            }
        }
    }
}

}  // namespace

RunPlan plan_run(const RunOptions& options) {
    if (options.tender != "qemu" &&
        (!options.machine.empty() || !options.accelerator.empty() || options.print_command))
        throw Failure("--machine, --accel and --print-command are for --tender qemu", 2);
    RunPlan plan;
    plan.grace = value_or_fail(parse_duration(options.grace));
    for (const std::string& text : options.publish) {
        const auto forward = parse_port_forward(text);
        if (!forward) throw Failure(formatted("-p {}", forward.error()), 2);
        plan.forwards.push_back(*forward);
    }
    check_no_repeats(plan.forwards);
    plan.image = find_image(options.image);
    plan.name =
        options.name.empty() ? plan.image.filename().string() : value_or_fail(parse_name(options.name));
    if (!plan.forwards.empty()) plan.passt_device = device_for_passt(plan.image, options.net);
    return plan;
}

std::vector<std::string> tender_command(const RunOptions& options, const RunPlan& plan,
                                        const std::string& net_setting) {
    std::vector<std::string> words = {sibling_program("holm-" + options.tender).string()};
    const auto add = [&](const char* option, const std::string& value) {
        words.insert(words.end(), {option, value});
    };
    if (!options.memory.empty()) add("--mem", options.memory);
    for (const std::string& grant : options.net) add("--net", grant);
    if (!plan.passt_device.empty()) add("--net", plan.passt_device + "=" + net_setting);
    for (const std::string& grant : options.block) add("--block", grant);
    for (const std::string& variable : options.environment) add("--env", variable);
    add("--grace", std::to_string(plan.grace.count()));
    if (options.quiet) words.push_back("--quiet");
    if (options.prefault) words.push_back("--prefault");
    if (options.huge_pages) words.push_back("--huge-pages");
    if (options.trace_system_calls) words.push_back("--trace-syscalls");
    if (options.stopped) words.push_back("--stopped");
    if (!options.gdb.empty()) add("--gdb", options.gdb);
    if (!options.dump.empty()) add("--dump", options.dump);
    if (!options.machine.empty()) add("--machine", options.machine);
    if (!options.accelerator.empty()) add("--accel", options.accelerator);
    if (options.print_command) {
        words.push_back("--print-command");
        for (const PortForward& forward : plan.forwards) {
            if (forward.is_v6())
                fail_with("-p {}: QEMU's own network forwards ports of IPv4 alone", forward.text());
            add("--forward", formatted("{}:{}:{}-:{}", forward.udp ? "udp" : "tcp", forward.address_text(),
                                       forward.host_port, forward.guest_port));
        }
    }
    words.push_back(plan.image.string());
    if (!options.arguments.empty()) {
        words.push_back("--");
        words.insert(words.end(), options.arguments.begin(), options.arguments.end());
    }
    return words;
}

}  // namespace holm::cli
