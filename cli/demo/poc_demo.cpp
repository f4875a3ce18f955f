#include "cli/demo/poc_demo.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>

#include "cli/demo/client_session.h"
#include "cli/demo/picture.h"
#include "cli/failure.h"
#include "cli/places.h"
#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/style.h"
#include "cli/topology/bring_up.h"
#include "cli/topology/logs.h"
#include "cli/topology/record.h"
#include "cli/topology/service_list.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

double milliseconds(std::chrono::microseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

// Proportional set size in bytes: its own memory, and its share of what it shares. Nothing where this user
// may not look.
std::optional<std::uint64_t> memory_of(pid_t process) {
    std::ifstream file(formatted("/proc/{}/smaps_rollup", process));
    std::string word;
    while (file >> word) {
        std::uint64_t kilobytes = 0;
        if (word == "Pss:" && file >> kilobytes) return kilobytes * 1024;
    }
    return std::nullopt;
}

// The topology that is up; taken down with the object, or with this process, unless it is to stay.
class Running {
  public:
    Running(const ComposeFile& file, bool keep) : name_(file.compose.name), keep_(keep) {
        if (bring_up_detached(file, keep) != 0) throw Failure("the topology did not come up; see above");
    }
    ~Running() {
        try {
            if (keep_) return;
            ask_topology(name_, "down");
            remove_topology_logs(name_);
        } catch (const Failure& failure) {
            print_line(stderr, "holm: {}", failure.what());
        }
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    std::string name_;
    bool keep_;
};

struct Part {
    std::chrono::microseconds start_time{};
    std::uint64_t image = 0;  // bytes of the file
    std::optional<std::uint64_t> memory;
};

std::map<std::string, Part> measure(const std::string& topology) {
    std::map<std::string, Part> parts;
    const std::vector<InstanceRecord> running = running_instances();
    for (const ListedService& service : list_services(topology)) {
        Part& part = parts[service.name];
        part.start_time = service.start_time;
        const auto record = std::ranges::find(running, service.process, &InstanceRecord::supervisor);
        if (record == running.end()) continue;
        std::error_code error;
        part.image = fs::file_size(record->image, error);
        part.memory = memory_of(record->tender);
    }
    return parts;
}

PictureBox box_of(std::string name, std::string address, const Part& part) {
    PictureBox box{std::move(name), std::move(address), {}};
    box.figures.push_back(formatted("ready in {:.1f} ms", milliseconds(part.start_time)));
    if (part.memory) box.figures.push_back(formatted("{} memory", human_size(*part.memory)));
    return box;
}

Part total_of(const std::map<std::string, Part>& parts) {
    Part total;
    for (const auto& [name, part] : parts) {
        total.image += part.image;
        if (part.memory) total.memory = total.memory.value_or(0) + *part.memory;
    }
    return total;
}

std::string memory_text(const Part& part) {
    return part.memory ? human_size(*part.memory) : "-";
}

void show_parts(const std::map<std::string, Part>& parts, const std::string& tender, const Style& style) {
    print_line("\n  {:<12} {:>12} {:>12} {:>12}", "", "image", "ready in", "memory (PSS)");
    for (const auto& [name, part] : parts) {
        print_line("  {:<12} {:>12} {:>9.1f} ms {:>12}", name, human_size(part.image),
                   milliseconds(part.start_time), memory_text(part));
    }
    const Part total = total_of(parts);
    print_line("  {:<12} {:>12} {:>12} {:>12}", "total", human_size(total.image), "", memory_text(total));
    if (tender != "process")
        print_line(
            "  {}",
            style.dim("memory: of the tender's process, the guest's included as far as it is touched"));
}

// A picture that does not fit is none.
void print_picture(const std::string& text) {
    std::size_t width = 0;
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1)
        width = std::max(width, columns_of(std::string_view(text).substr(at, end - at)));
    const std::size_t room = terminal_columns();
    if (room == 0 || width <= room) return print_text("\n{}", text);
    print_line("\n  The picture takes {} columns, and this terminal has {}.", width, room);
}

void show_picture(const std::map<std::string, Part>& parts, const std::string& tender,
                  const Findings& findings, const Style& style) {
    const Part total = total_of(parts);
    const Picture picture{.client = {"client", "203.0.113.9", {}},
                          .gateway = box_of("gateway", "router + firewall", parts.at("gateway")),
                          .behind = {box_of("dns", "198.51.100.53", parts.at("dns")),
                                     box_of("web", "198.51.100.80", parts.at("web"))},
                          .outside = "outside",
                          .dmz = "dmz",
                          .throughput = formatted("{:.1f} Gbit/s", findings.gigabits),
                          .refused = findings.blocked > 0 ? "ping blocked" : "ping not blocked",
                          .caption = formatted("{} images of {}, {} memory, tender {}", parts.size(),
                                               human_size(total.image), memory_text(total), tender)};
    print_picture(draw_text(picture));
    const auto root = source_tree();
    const fs::path file = (root ? *root / "build" : fs::current_path()) / "demo.svg";
    std::ofstream svg(file, std::ios::trunc);
    svg << draw_svg(picture);
    svg.close();
    if (svg) {
        print_line("  {}", style.dim(formatted("the same as a picture: {}", file.string())));
    } else {
        print_line(stderr, "holm: the picture {} could not be written", quote(file.string()));
    }
}

}  // namespace

void show_poc_demo(const PocDemo& demo) {
    const Style style;
    const auto root = source_tree();
    if (!root) throw Failure("holm demo needs Holm's source tree, which is where its examples are built");
    ComposeFile file = load_compose_file((*root / "examples" / "poc").string());
    for (ComposeService& service : file.compose.services) service.tender = demo.tender;
    for (PlannedService& planned : file.planned) planned.options.tender = demo.tender;
    print_line(
        "{}\n",
        style.bold("Holm: a router with a firewall, a name server and a web server, each one sealed image"));
    const Running running(file, demo.keep);
    const TopologyRecord topology = find_topology(file.compose.name);
    print_line("");
    const std::optional<Findings> findings = ask_from_client(topology, style);
    if (!findings) throw Failure("the demo broke off; see above");
    const std::map<std::string, Part> parts = measure(topology.name);
    show_parts(parts, demo.tender, style);
    show_picture(parts, demo.tender, *findings, style);
    if (!findings->good) fail_with("the demo did not go as it should; see above");
    if (demo.keep) {
        print_line("\nit stays: holm exec client curl http://{}/, holm ps, holm down {}", kDemoSite,
                   topology.name);
    } else {
        print_line("\nnext: holm new hello && holm build hello && holm run hello");
    }
}

}  // namespace holm::cli
