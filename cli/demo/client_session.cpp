#include "cli/demo/client_session.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <sys/wait.h>
#include <unistd.h>

#include "cli/demo/http_client.h"
#include "cli/demo/network_probes.h"
#include "cli/failure.h"
#include "cli/process/child.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/client_namespace.h"

namespace holm::cli {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr Ipv4 kNameServer{{198, 51, 100, 53}};
constexpr Ipv4 kGateway{{203, 0, 113, 1}};
constexpr std::uint16_t kMetricsPort = 9100;
constexpr auto kPingPatience = 500ms;  // for an answer that is not to come
constexpr auto kDownloadFor = 500ms;

double milliseconds(std::chrono::microseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
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

// What is asked from the client, inside its network.
class Session {
  public:
    explicit Session(const Style& style) : style_(style) {}

    Findings run() {
        const Resolved site = resolve(kNameServer, kDemoSite);
        say("name", formatted("{} is {}", kDemoSite, site.address.text()), milliseconds(site.time));
        const HttpPlace web{.address = site.address, .host = std::string(kDemoSite)};
        http(web, "GET", "/");
        http(web, "POST", "/api/items", R"({"name": "boat", "quantity": 2})");
        http(web, "GET", "/api/items");
        block(site.address);
        download(web);
        return found_;
    }

  private:
    void say(std::string_view what, std::string_view text, double time) const {
        constexpr std::size_t kColumns = 44;
        const std::string padding(kColumns - std::min(columns_of(text), kColumns), ' ');
        print_line("  {:<16} {}{} {}", what, text, padding, style_.dim(formatted("{:.2f} ms", time)));
    }

    void http(const HttpPlace& web, std::string_view method, std::string_view target,
              std::string_view body = "") {
        const HttpReply reply = fetch(web, method, target, body);
        const bool good = reply.status >= 200 && reply.status < 300;
        found_.good = found_.good && good;
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
        found_.good = found_.good && !answer && dropped > 0;
        found_.blocked = dropped;
        print_line("  {:<16} {}", "ping",
                   answer ? style_.bad("answered, which the firewall should not have let through")
                          : formatted("{}; its rule has counted {}", style_.good("blocked"), dropped));
    }

    void download(const HttpPlace& web) {
        HttpConnection connection(web);
        std::uint64_t bytes = 0;
        const auto start = Clock::now();
        do {
            bytes += connection.ask("GET", "/static/large.bin").body.size();
        } while (Clock::now() - start < kDownloadFor);
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        found_.gigabits = static_cast<double>(bytes) * 8 / 1e9 / seconds;
        print_line("  {:<16} {} through the firewall, {:.1f} Gbit/s", "download", human_size(bytes),
                   found_.gigabits);
    }

    const Style& style_;
    Findings found_{.good = true};
};

}  // namespace

// In a process of its own: there is no way back out of the client's namespaces.
std::optional<Findings> ask_from_client(const TopologyRecord& topology, const Style& style) {
    Pipe report = Pipe::create();
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (child == 0) {
        try {
            enter_client(topology, topology.clients.at("client"));
            const Findings found = Session(style).run();
            [[maybe_unused]] const ssize_t told = write(report.write_end, &found, sizeof found);
        } catch (const std::exception& error) {
            print_line(stderr, "holm: {}", error.what());
        }
        std::fflush(nullptr);
        _exit(0);
    }
    report.close_write();
    Findings found;
    const bool whole = read(report.read_end, &found, sizeof found) == sizeof found;
    report.close_read();
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return whole ? std::optional(found) : std::nullopt;
}

}  // namespace holm::cli
