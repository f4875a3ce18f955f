#include "cli/topology/supervisor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/logs.h"
#include "cli/topology/record.h"

namespace holm::cli {
namespace {

Descriptor hold_all_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&set, number);
    signal(SIGTERM, SIG_DFL);  // an ignored signal would be lost
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

TopologyClaim claim_name(const std::string& name) {
    auto claim = TopologyClaim::take(name);
    if (!claim) fail_with("{} is being brought up or taken down by another process", name);
    return *std::move(claim);
}

TopologyRecord make_record(const Compose& compose, const Links& links, const std::filesystem::path& file) {
    TopologyRecord record{.name = compose.name,
                          .supervisor = getpid(),
                          .start_ticks = start_ticks_of(getpid()).value_or(0),
                          .file = file.string()};
    for (const ComposeService& service : compose.services) record.services.push_back(service.name);
    for (const ComposeClient& client : compose.clients) {
        TopologyRecord::Client entry{.network_namespace = links.client(client.name).number()};
        for (const Attachment& one : client.networks)
            entry.dns.insert(entry.dns.end(), one.dns.begin(), one.dns.end());
        record.clients[client.name] = entry;
    }
    return record;
}

}  // namespace

Supervisor::Supervisor(const Compose& compose, const std::vector<PlannedService>& planned,
                       const std::filesystem::path& file)
    : signals_(hold_all_signals()),
      claim_(claim_name(compose.name)),
      links_(compose),
      control_(topology_socket(compose.name)) {
    for (std::size_t i = 0; i < compose.services.size(); ++i)
        services_.push_back(std::make_unique<Service>(compose.services[i], planned[i], links_));
    write_topology(make_record(compose, links_, file));
}

int Supervisor::run(const std::function<void()>& ready) {
    handle_signals();  // those that came while the networks were made
    while (true) {
        if (!going_down_) start_what_may();
        if (going_down_) stop_what_may();
        progress_.say_changes(going_down_);
        if (!was_ready_ && !going_down_) progress_.say_missing();
        answer_those_who_wait();
        if (!was_ready_ && !going_down_ && all_ready()) {
            was_ready_ = true;
            ready();
        }
        if (all_ended()) break;
        wait_for_something();
    }
    claim_.release();
    is_released_ = true;
    answer_those_who_wait();
    if (!failure_.empty()) throw Failure(failure_);
    return 0;
}

void Supervisor::start_what_may() {
    const auto now = Service::Clock::now();
    for (const auto& service : services_) {
        const auto next = service->next_start();
        if (next && *next > now) continue;
        if (!next && service->state() != Service::State::kWaiting) continue;
        const bool others_ready =
            std::ranges::all_of(service->description().depends_on, [this](const Dependency& dependency) {
                return find(dependency.service)->fulfils(dependency.condition);
            });
        if (others_ready) service->start();
    }
}

// Whether a service that depends on it still runs.
bool Supervisor::is_needed(const Service& service) const {
    return std::ranges::any_of(services_, [&](const auto& other) {
        return other->has_process() &&
               std::ranges::contains(other->description().depends_on, service.description().name,
                                     &Dependency::service);
    });
}

void Supervisor::stop_what_may() {
    for (const auto& service : services_) {
        if (service->state() == Service::State::kStopping || service->state() == Service::State::kEnded)
            continue;
        if (!is_needed(*service)) service->stop();
    }
}

// Ctrl-C by somebody who does not want to wait for orderly ends.
void Supervisor::end_at_once() {
    print_line("holm: all are killed");
    for (const auto& service : services_) service->stop_at_once();
}

void Supervisor::wait_for_something() {
    using namespace std::chrono;
    std::optional<Service::Clock::time_point> next;
    for (const auto& service : services_) {
        const auto at = service->next_start();
        if (at && (!next || *at < *next)) next = at;
    }
    if (!was_ready_ && (!next || progress_.next_reminder() < *next)) next = progress_.next_reminder();
    int timeout = -1;
    if (next && !going_down_)
        timeout = static_cast<int>(std::max(ceil<milliseconds>(*next - Service::Clock::now()), 0ms).count());
    std::array<pollfd, 2> wait{pollfd{signals_.number(), POLLIN, 0}, pollfd{control_.number(), POLLIN, 0}};
    poll(wait.data(), wait.size(), timeout);
    if (wait[0].revents != 0) handle_signals();
    if (wait[1].revents != 0) handle_request();
}

void Supervisor::handle_signals() {
    signalfd_siginfo info;
    while (read(signals_.number(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) continue;
        if (going_down_ && info.ssi_signo != SIGTERM) end_at_once();
        going_down_ = true;
    }
    int status = 0;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (const auto& service : services_) {
            if (!service->child_ended(ended, status)) continue;
            // After the first start the policy decides; until then the whole is as good as its parts.
            if (was_ready_ || going_down_ || service->failure().empty()) break;
            if (service->state() == Service::State::kPausing && !service->has_tried_enough()) break;
            failure_ = formatted(
                "service {} {}{}; its last words:\n{}everything is down again", service->description().name,
                service->failure(),
                service->starts() == 1 ? "" : formatted(", as at each of its {} starts", service->starts()),
                last_words(service->log()));
            going_down_ = true;
            break;
        }
    }
}

void Supervisor::handle_request() {
    auto request = control_.receive();
    if (!request) return;
    const std::size_t space = std::min(request->text.find(' '), request->text.size());
    const std::string_view verb = std::string_view(request->text).substr(0, space);
    const std::string_view name =
        std::string_view(request->text).substr(std::min(space + 1, request->text.size()));
    if (verb == "list") return ControlSocket::answer(request->connection, list());
    if (verb == "down") {
        going_down_ = true;
        waiting_.push_back({.connection = std::move(request->connection)});
        return;
    }
    Service* service = find(name);
    if (service == nullptr)
        return ControlSocket::complain(request->connection, formatted("no service {}", quote(name)));
    if (going_down_) return ControlSocket::complain(request->connection, "the topology is going down");
    if (verb != "stop" && verb != "restart")
        return ControlSocket::complain(request->connection, formatted("no request {}", quote(verb)));
    service->stop();
    const bool restart = verb == "restart";
    waiting_.push_back({std::move(request->connection), service, restart, restart});
}

void Supervisor::answer_those_who_wait() {
    for (Waiting& one : waiting_) {
        const bool ended = one.service != nullptr && one.service->state() == Service::State::kEnded;
        if (one.stop_first && ended && !going_down_) {
            one.stop_first = false;
            one.service->rearm();
            one.service->start();
        }
    }
    std::erase_if(waiting_, [this](const Waiting& one) {
        if (one.service == nullptr) {
            if (!is_released_) return false;  // whoever is told that it is down shall not find it
            ControlSocket::answer(one.connection, "");
            return true;
        }
        const Service::State state = one.service->state();
        if (one.for_start && !one.stop_first && one.service->is_good()) {
            const bool ready = state == Service::State::kReady;
            ControlSocket::answer(one.connection,
                                  ready ? std::to_string(one.service->start_time().count()) : "");
            return true;
        }
        const bool ended = state == Service::State::kEnded;
        // What went wrong before it was stopped is no matter, unless it is not started any more.
        if (one.for_start && (!one.stop_first || going_down_) && (ended || !one.service->failure().empty())) {
            ControlSocket::complain(one.connection,
                                    formatted("{} {}", one.service->description().name,
                                              one.service->failure().empty() ? one.service->state_text()
                                                                             : one.service->failure()));
            return true;
        }
        if (!one.for_start && ended) {
            ControlSocket::answer(one.connection, "");
            return true;
        }
        return false;
    });
}

bool Supervisor::all_ready() const {
    return std::ranges::all_of(services_, [](const auto& service) {
        return service->is_good() ||
               (service->state() == Service::State::kEnded && service->failure().empty());
    });
}

bool Supervisor::all_ended() const {
    return std::ranges::all_of(services_,
                               [](const auto& service) {
                                   return !service->has_process() &&
                                          service->state() == Service::State::kEnded;
                               }) &&
           (going_down_ || std::ranges::none_of(waiting_, &Waiting::stop_first));
}

Service* Supervisor::find(std::string_view name) const {
    const auto place = std::ranges::find_if(
        services_, [&](const auto& service) { return service->description().name == name; });
    return place == services_.end() ? nullptr : place->get();
}

// A line a service: name, process number of its holm run (0: none), microseconds from its start until it was
// ready, state.
std::string Supervisor::list() const {
    std::string text;
    for (const auto& service : services_) {
        text += formatted("{} {} {} {}\n", service->description().name, std::max(service->process(), 0),
                          service->start_time().count(), state_text(*service, services_));
    }
    return text;
}

}  // namespace holm::cli
