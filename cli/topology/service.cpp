#include "cli/topology/service.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/process/child.h"
#include "cli/run/detach.h"
#include "cli/run/run_instance.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/logs.h"
#include "cli/topology/readiness.h"

namespace holm::cli {
namespace {

using namespace std::chrono_literals;

// Before another start: it doubles, and starts over when an instance has lived for a while.
constexpr std::chrono::milliseconds kFirstPause = 100ms;
constexpr std::chrono::milliseconds kLongestPause = 10s;
constexpr auto kLivedForAWhile = 10s;

// What waited in the tap of an instance that has ended is nobody's.
void drain(int tap) {
    std::array<char, 65536 + 64> frame;
    for (int i = 0; i < 4096 && read(tap, frame.data(), frame.size()) > 0; ++i) {
    }
}

// The same at each start, so that neighbours and DHCP servers know it again. Locally administered (IEEE 802,
// the second bit of the first byte).
std::string mac_of(std::string_view instance, std::string_view device) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : formatted("{}/{}", instance, device))
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    std::string text = "02";
    for (int shift = 8; shift < 48; shift += 8) text += formatted(":{:02x}", hash >> shift & 0xff);
    return text;
}

std::string status_text(int status) {
    if (WIFEXITED(status)) return formatted("{}", WEXITSTATUS(status));
    return formatted("signal {}", WTERMSIG(status));
}

}  // namespace

Service::Service(const ComposeService& description, const PlannedService& planned, const Links& links)
    : description_(description),
      planned_(planned),
      links_(links),
      log_(new_log_path(topology_log_name(planned.plan.topology, description.name))),
      log_input_(start_log_keeper(log_)),
      pause_(kFirstPause) {}

std::string Service::state_text() const {
    switch (state_) {
        case State::kWaiting:
            return "waiting";
        case State::kStarting:
            return "starting";
        case State::kReady:
            return starts_ <= 1 ? "ready" : formatted("ready, restarted {} ×", starts_ - 1);
        case State::kPausing:
            return formatted("ended ({}), starts again", status_text(status_));
        case State::kStopping:
            return "stopping";
        case State::kEnded:
            return formatted("ended ({})", status_text(status_));
    }
    return "";
}

std::optional<Service::Clock::time_point> Service::next_start() const {
    if (state_ == State::kPausing) return next_start_;
    return std::nullopt;
}

bool Service::fulfils(Dependency::Condition condition) const {
    switch (condition) {
        case Dependency::Condition::kStarted:
            return first_started_ != Clock::time_point{};
        case Dependency::Condition::kReady:
        case Dependency::Condition::kHealthy:
            return is_good();
        case Dependency::Condition::kCompleted:
            return ended_well_;
    }
    return false;
}

bool Service::has_tried_enough() const {
    return Clock::now() - first_started_ >= description_.health.value_or(HealthCheck{}).timeout;
}

void Service::start() {
    for (const Attachment& one : description_.networks) drain(links_.tap(description_.name, one.device));
    failure_.clear();
    started_ = Clock::now();
    if (starts_++ == 0) first_started_ = started_;
    state_ = State::kStarting;
    std::fflush(nullptr);
    const pid_t supervisor = getpid();
    process_ = fork();
    if (process_ < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (process_ == 0) {
        end_with(supervisor, SIGTERM);
        become_instance();
    }
    start_probe();
}

void Service::become_instance() const {
    setsid();  // Ctrl-C is the supervisor's, which stops things in their order
    int status = 125;
    try {
        const Descriptor nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
        dup2(nothing.number(), STDIN_FILENO);
        dup2(log_input_.number(), STDOUT_FILENO);
        dup2(log_input_.number(), STDERR_FILENO);
        if (!description_.cpus.empty()) {
            cpu_set_t set;
            CPU_ZERO(&set);
            for (const unsigned cpu : description_.cpus) CPU_SET(cpu, &set);
            if (sched_setaffinity(0, sizeof set, &set) != 0)
                fail_with("the processors of cpuset cannot be had: {}", std::strerror(errno));
        }
        RunOptions options = planned_.options;
        for (const Attachment& one : description_.networks) {
            const int tap = links_.tap(description_.name, one.device);
            fcntl(tap, F_SETFD, 0);
            options.net.push_back(net_setting(one, links_.network(one.network), tap) +
                                  ",mac=" + mac_of(planned_.plan.name, one.device));
        }
        status = run_instance(options, planned_.plan, log_.string(), [] {});
    } catch (const std::exception& error) {
        print_line(stderr, "holm: {}", error.what());
    }
    std::fflush(nullptr);
    _exit(status);
}

Probe Service::make_probe() const {
    Probe probe{.check = description_.health.value_or(HealthCheck{.kind = HealthCheck::Kind::kAlive})};
    auto reachable = std::ranges::find_if(description_.networks,
                                          [](const Attachment& one) { return one.address.has_value(); });
    if (reachable == description_.networks.end()) {
        reachable = std::ranges::find_if(description_.networks,
                                         [](const Attachment& one) { return one.address6.has_value(); });
    }
    if (probe.check.needs_address() && reachable != description_.networks.end()) {
        if (reachable->address) {
            probe.address = reachable->address->address;
        } else {
            probe.address6 = reachable->address6->address;
        }
        probe.network_namespace = links_.vantage(reachable->network).number();
    }
    std::error_code error;
    probe.log = log_;
    probe.log_start = std::filesystem::file_size(log_, error);
    if (error) probe.log_start = 0;
    return probe;
}

void Service::start_probe() {
    const Probe probe = make_probe();
    const pid_t supervisor = getpid();
    probe_ = fork();
    if (probe_ < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (probe_ > 0) return;
    end_with(supervisor, SIGKILL);
    bool ready = false;
    try {
        ready = wait_until_ready(probe);
    } catch (const std::exception& failure) {
        print_line(stderr, "holm: {}: {}", description_.name, failure.what());
    }
    _exit(ready ? 0 : 1);
}

void Service::stop() {
    wanted_ = false;
    ended_well_ = false;
    if (probe_ > 0) kill(probe_, SIGKILL);
    if (process_ > 0 && state_ != State::kStopping) {
        kill(process_, SIGTERM);
        state_ = State::kStopping;
    }
    if (process_ <= 0) state_ = State::kEnded;
}

void Service::stop_at_once() {
    stop();
    if (process_ <= 0) return;
    // It takes the second of these for a second Ctrl-C, kills the instance and removes its record. Two
    // different ones, because a signal that is pending already does not count twice.
    kill(process_, SIGINT);
    kill(process_, SIGQUIT);
}

void Service::rearm() {
    wanted_ = true;
    starts_ = 0;
    pause_ = kFirstPause;
    state_ = State::kWaiting;
}

bool Service::child_ended(pid_t process, int status) {
    if (process == probe_) {
        probe_ = -1;
        if (state_ != State::kStarting) return true;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            state_ = State::kReady;
            start_time_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
        } else {
            const Probe probe = make_probe();
            failure_ = formatted("was not ready within {} ms: {}", probe.check.timeout.count(),
                                 missing_answer(probe));
        }
        return true;
    }
    if (process != process_) return false;
    process_ = -1;
    instance_ended(status);
    return true;
}

bool Service::starts_again(int status) const {
    if (!wanted_) return false;
    const bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    switch (description_.restart) {
        case Restart::kNo:
            return false;
        case Restart::kOnFailure:
            return failed && (description_.restart_limit == 0 || starts_ <= description_.restart_limit);
        case Restart::kAlways:
        case Restart::kUnlessStopped:
            return true;
    }
    return false;
}

void Service::instance_ended(int status) {
    if (probe_ > 0) kill(probe_, SIGKILL);
    status_ = status;
    const bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    // Where nothing is checked, to be done soon is no failure.
    if (state_ == State::kStarting && (!well || description_.health))
        failure_ = formatted("ended ({}) before it was ready", status_text(status));
    const bool again = starts_again(status);
    ended_well_ = wanted_ && well && failure_.empty() && (!again || !description_.health);
    if (!again) {
        if (wanted_ && !well && failure_.empty()) failure_ = formatted("ended ({})", status_text(status));
        state_ = State::kEnded;
        return;
    }
    const auto now = Clock::now();
    if (now - started_ >= kLivedForAWhile) pause_ = kFirstPause;
    state_ = State::kPausing;
    next_start_ = now + pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace holm::cli
