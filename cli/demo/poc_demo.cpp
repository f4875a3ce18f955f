#include "cli/demo/poc_demo.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>

#include <sys/wait.h>
#include <unistd.h>

#include "cli/demo/http_client.h"
#include "cli/demo/network_probes.h"
#include "cli/demo/picture.h"
#include "cli/failure.h"
#include "cli/places.h"
#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/style.h"
#include "cli/topology/bring_up.h"
#include "cli/topology/client_namespace.h"
#include "cli/topology/record.h"
#include "cli/topology/service_list.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::string_view kSite = "www.holm.test";
constexpr Ipv4 kNameServer{{198, 51, 100, 53}};
constexpr Ipv4 kGateway{{203, 0, 113, 1}};
constexpr std::uint16_t kMetricsPort = 9100;
constexpr auto kPingPatience = 500ms;  // for an answer that is not to come
constexpr auto kDownloadFor = 500ms;

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

// The sum of the samples of a Prometheus text whose line has all of these words.
std::uint64_t sum_of(std::string_view metrics, std::initializer_list<std::string_view> words) {
    std::uint64_t sum = 0;
    while (!metrics.empty()) {
        const std::size_t end = std::min(metrics.find('\n'), metrics.size());
        const std::string line(metrics.substr(0, end));
        metrics.remove_prefix(std::min(end + 1, metrics.size()));
        const bool meant = !line.starts_with('#') &&
                           std::ranges::all_of(words, [&](auto word) { return line.contains(word); });
        if (meant) sum += std::strtoull(line.c_str() + line.rfind(' '), nullptr, 10);
    }
    return sum;
}

// The topology that is up; taken down with the object, unless it is to stay.
class Running {
  public:
    Running(const ComposeFile& file, bool keep) : name_(file.compose.name), keep_(keep) {
        if (bring_up_detached(file) != 0) throw Failure("the topology did not come up; see above");
    }
    ~Running() {
        try {
            if (!keep_) ask_topology(name_, "down");
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

// What is asked from the client, inside its network.
class Client {
  public:
    explicit Client(const Style& style) : style_(style) {}

    bool run() {
        const Resolved site = resolve(kNameServer, kSite);
        say("name", formatted("{} is {}", kSite, site.address.text()), milliseconds(site.time));
        const HttpPlace web{.address = site.address, .host = std::string(kSite)};
        http(web, "GET", "/");
        http(web, "POST", "/api/items", R"({"name": "boat", "quantity": 2})");
        http(web, "GET", "/api/items");
        block(site.address);
        download(web);
        return good_;
    }

  private:
    void say(std::string_view what, std::string_view text, double time) const {
        print_line("  {:<16} {:<44} {}", what, text, style_.dim(formatted("{:.2f} ms", time)));
    }

    void http(const HttpPlace& web, std::string_view method, std::string_view target,
              std::string_view body = "") {
        const HttpReply reply = fetch(web, method, target, body);
        const bool good = reply.status >= 200 && reply.status < 300;
        good_ = good_ && good;
        const std::string status = std::to_string(reply.status);
        say(formatted("{} {}", method, target),
            formatted("{}, {}, {}", good ? style_.good(status) : style_.bad(status), reply.content_type,
                      human_size(reply.body.size())),
            milliseconds(reply.time));
    }

    void block(const Ipv4& target) {
        const auto answer = ping(target, kPingPatience);
        const HttpReply metrics = fetch({.address = kGateway, .port = kMetricsPort}, "GET", "/metrics");
        const std::uint64_t dropped =
            sum_of(metrics.body, {"firewall_rule_packets_total{", "icmp type echo-request"});
        good_ = good_ && !answer && dropped > 0;
        print_line("  {:<16} {}", "ping",
                   answer ? style_.bad("answered, which the firewall should not have let through")
                          : formatted("{}; its rule has counted {}", style_.good("blocked"), dropped));
    }

    void download(const HttpPlace& web) {
        std::uint64_t bytes = 0;
        const auto start = Clock::now();
        do {
            bytes += fetch(web, "GET", "/static/large.bin").body.size();
        } while (Clock::now() - start < kDownloadFor);
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        print_line("  {:<16} {} through the firewall, {:.1f} Gbit/s, a connection for each MB", "download",
                   human_size(bytes), static_cast<double>(bytes) * 8 / 1e9 / seconds);
    }

    const Style& style_;
    bool good_ = true;
};

// In a process of its own: there is no way back out of the client's namespaces.
bool ask_from_client(const TopologyRecord& topology, const Style& style) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (child == 0) {
        bool good = false;
        try {
            enter_client(topology, topology.clients.at("client"));
            good = Client(style).run();
        } catch (const std::exception& error) {
            print_line(stderr, "holm: {}", error.what());
        }
        std::fflush(nullptr);
        _exit(good ? 0 : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

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

std::string figures(const Part& part) {
    const std::string memory = part.memory ? formatted(", {} memory", human_size(*part.memory)) : "";
    return formatted("ready in {:.1f} ms{}", milliseconds(part.start_time), memory);
}

void show_parts(const std::map<std::string, Part>& parts, const std::string& tender, const Style& style) {
    print_line("\n  {:<12} {:>12} {:>12} {:>12}", "", "image", "ready in", "memory (PSS)");
    std::uint64_t image = 0, memory = 0;
    for (const auto& [name, part] : parts) {
        image += part.image;
        memory += part.memory.value_or(0);
        print_line("  {:<12} {:>12} {:>9.1f} ms {:>12}", name, human_size(part.image),
                   milliseconds(part.start_time), part.memory ? human_size(*part.memory) : "-");
    }
    print_line("  {:<12} {:>12} {:>12} {:>12}", "total", human_size(image), "",
               memory > 0 ? human_size(memory) : "-");
    if (tender != "process")
        print_line(
            "  {}",
            style.dim("memory: of the tender's process, the guest's included as far as it is touched"));
}

void show_picture(const std::map<std::string, Part>& parts, const Style& style) {
    const Picture picture{.client = {"client", "203.0.113.9", "a namespace of this machine"},
                          .gateway = {"gateway", "router + firewall", figures(parts.at("gateway"))},
                          .behind = {PictureBox{"dns", "198.51.100.53", figures(parts.at("dns"))},
                                     PictureBox{"web", "198.51.100.80", figures(parts.at("web"))}},
                          .outside = "outside",
                          .dmz = "dmz"};
    print_text("\n{}", draw_text(picture));
    const auto root = source_tree();
    const fs::path file = (root ? *root / "build" : fs::current_path()) / "demo.svg";
    std::ofstream(file, std::ios::trunc) << draw_svg(picture);
    print_line("  {}", style.dim(formatted("the same as a picture: {}", file.string())));
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
    const bool good = ask_from_client(topology, style);
    const std::map<std::string, Part> parts = measure(topology.name);
    show_parts(parts, demo.tender, style);
    show_picture(parts, style);
    if (!good) fail_with("the demo did not go as it should; see above");
    if (demo.keep) {
        print_line("\nit stays: holm exec client curl http://{}/, holm ps, holm down {}", kSite,
                   topology.name);
    } else {
        print_line("\nnext: holm new hello && holm build hello && holm run hello");
    }
}

}  // namespace holm::cli
