#include "cli/demo/web_demo.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/demo/http_client.h"
#include "cli/failure.h"
#include "cli/image/image_head.h"
#include "cli/places.h"
#include "cli/process/child.h"
#include "cli/run/find_image.h"
#include "cli/run/passt.h"
#include "cli/run/run_options.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/style.h"
#include "tender/sandbox/system_calls.h"

namespace holm::cli {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

// The running web example; ends with the object, whatever happens.
class Instance {
  public:
    explicit Instance(std::uint16_t port)
        : plan_{.image = find_image("web"),
                .forwards = {{.host_port = port, .guest_port = 80}},
                .passt_device = "",
                .grace = std::chrono::seconds(5)} {
        const std::vector<std::string> devices = net_devices_of(*read_image_head(plan_.image));
        if (devices.empty()) fail_with("{} has no network device", plan_.image.string());
        plan_.passt_device = devices[0];
        const auto passt_start = Clock::now();
        passt_.emplace(plan_.forwards);
        passt_->wait_until_ready();
        passt_time_ = Clock::now() - passt_start;
        const std::vector<std::string> command =
            tender_command({.image = "web", .quiet = true}, plan_, passt_->net_setting());
        const int console = open("/dev/null", O_WRONLY | O_CLOEXEC);
        start_ = Clock::now();
        tender_ = spawn(command, {.output = console, .ignore_interrupt = true});
        passt_->close_guest_end();
        close(console);
    }
    ~Instance() {
        if (tender_ > 0) stop();
    }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    const std::filesystem::path& image() const { return plan_.image; }
    Clock::time_point start() const { return start_; }
    Clock::duration passt_time() const { return passt_time_; }

    // Proportional set size in bytes: its own memory, and its share of what it shares.
    std::optional<std::uint64_t> memory() const {
        std::ifstream file(formatted("/proc/{}/smaps_rollup", tender_));
        std::string word;
        while (file >> word) {
            std::uint64_t kilobytes = 0;
            if (word == "Pss:" && file >> kilobytes) return kilobytes * 1024;
        }
        return std::nullopt;
    }

    // Orderly; the exit status, or 128 + signal.
    int stop() {
        kill(tender_, SIGTERM);
        int status = 0;
        const auto deadline = Clock::now() + plan_.grace;
        while (waitpid(tender_, &status, WNOHANG) == 0) {
            if (Clock::now() > deadline) kill(tender_, SIGKILL);
            usleep(1000);
        }
        tender_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

  private:
    RunPlan plan_;
    std::optional<Passt> passt_;
    pid_t tender_ = -1;
    Clock::time_point start_;
    Clock::duration passt_time_{};
};

// The first answer. passt takes connections before the instance has its address, and a first packet that is
// lost then is not repeated for seconds: a connection that stays silent is given up for a new one, with
// growing patience.
HttpReply first_reply(std::uint16_t port) {
    const auto give_up = Clock::now() + kPatience;
    for (std::chrono::milliseconds patience{20};; patience = std::min(patience * 2, kPatience)) {
        try {
            return fetch({.port = port}, "GET", "/", "", patience);
        } catch (const Failure&) {
            if (Clock::now() > give_up) throw;
        }
    }
}

class WebDemo {
  public:
    void run() {
        const std::uint16_t port = free_port();
        print_line("{}\n", style_.bold("Holm: one C++ program as one sealed image"));
        Instance instance(port);
        const HttpReply first = first_reply(port);

        fact("image", human_size(std::filesystem::file_size(instance.image())),
             formatted("{}: service, library OS, TCP/IP, HTTP and its pages",
                       instance.image().lexically_normal().string()));
        fact("sandbox", formatted("{} calls", tender::kSystemCalls.size()), permitted_calls());
        fact("address", formatted("port {}", port),
             formatted("http://127.0.0.1:{}/, through passt, without root", port));
        fact("first reply", formatted("{:.1f} ms", milliseconds(first.first_byte - instance.start())),
             formatted("from exec to the first byte at the client; passt took {:.0f} ms before",
                       milliseconds(instance.passt_time())));

        print_line("");
        show("GET", "/", first);
        show("GET", "/static/page.css", fetch({.port = port}, "GET", "/static/page.css"));
        constexpr std::string_view kItem = R"({"name": "boat", "quantity": 2})";
        show("POST", formatted("/api/items  {}", kItem), fetch({.port = port}, "POST", "/api/items", kItem));
        show("GET", "/api/items", fetch({.port = port}, "GET", "/api/items"));

        print_line("");
        if (const auto memory = instance.memory()) {
            fact("memory", human_size(*memory), "all of the instance, after these requests (PSS)");
        }
        const int status = instance.stop();
        fact("end", formatted("status {}", status), "asked to stop with SIGTERM");
        if (failed_ || status != 0) fail_with("the demo did not go as it should; see above");
        print_line("\nnext: holm new hello && holm build hello && holm run hello");
    }

  private:
    void fact(std::string_view what, std::string_view value, std::string_view detail) const {
        print_line("  {:<12} {}  {}", what, style_.bold(formatted("{:>10}", value)), style_.dim(detail));
    }

    static std::string permitted_calls() {
        std::string calls;
        for (const tender::SystemCall& call : tender::kSystemCalls)
            calls += formatted("{}{}", calls.empty() ? "" : " ", call.name);
        return calls;
    }

    void show(std::string_view method, std::string_view target, const HttpReply& reply) {
        const bool good = reply.status >= 200 && reply.status < 300;
        failed_ = failed_ || !good;
        const std::string status = std::to_string(reply.status);
        print_line("  {:<4} {}", method, target);
        print_line("       {} {}, {} bytes, {:.1f} ms", good ? style_.good(status) : style_.bad(status),
                   reply.content_type, reply.body.size(), static_cast<double>(reply.time.count()) / 1000);
        const std::string_view line = std::string_view(reply.body).substr(0, reply.body.find('\n'));
        print_line("       {}", style_.dim(printable(line)));
    }

    Style style_;
    bool failed_ = false;
};

}  // namespace

void show_web_demo() {
    WebDemo().run();
}

}  // namespace holm::cli
