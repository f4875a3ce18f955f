#include "cli/topology/progress.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "cli/text/format.h"

namespace holm::cli {
namespace {

constexpr std::chrono::seconds kReminder{5};

const Service& service_of(const Services& all, const std::string& name) {
    return **std::ranges::find_if(all, [&](const auto& one) { return one->description().name == name; });
}

}  // namespace

std::string state_text(const Service& service, const Services& all) {
    if (service.state() == Service::State::kWaiting) {
        for (const Dependency& dependency : service.description().depends_on) {
            if (!service_of(all, dependency.service).fulfils(dependency.condition))
                return formatted("waiting for {}", dependency.service);
        }
    }
    return service.state_text();
}

Progress::Progress(const Services& services)
    : services_(services), next_reminder_(Service::Clock::now() + kReminder) {}

void Progress::say_changes(bool going_down) {
    said_.resize(services_.size(), Service::State::kWaiting);
    std::size_t ready = 0;
    for (const auto& service : services_) ready += service->is_good() ? 1 : 0;
    for (std::size_t i = 0; i < services_.size(); ++i) {
        const Service& service = *services_[i];
        if (service.state() == said_[i]) continue;
        said_[i] = service.state();
        if (service.state() == Service::State::kStarting || service.state() == Service::State::kStopping)
            continue;
        const std::string count = going_down ? "" : formatted("[{}/{}] ", ready, services_.size());
        const std::string time = service.state() == Service::State::kReady
                                     ? formatted(", {:.1f} ms after its start",
                                                 static_cast<double>(service.start_time().count()) / 1000)
                                     : "";
        print_line("holm: {}{}: {}{}", count, service.description().name, service.state_text(), time);
    }
    std::fflush(stdout);
}

void Progress::say_missing() {
    const auto now = Service::Clock::now();
    if (now < next_reminder_) return;
    next_reminder_ = now + kReminder;
    std::string missing;
    for (const auto& service : services_) {
        if (service->is_good()) continue;
        missing += formatted("{}{} ({})", missing.empty() ? "" : ", ", service->description().name,
                             state_text(*service, services_));
    }
    print_line("holm: not ready yet: {}", missing);
    std::fflush(stdout);
}

}  // namespace holm::cli
