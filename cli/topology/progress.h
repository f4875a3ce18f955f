#pragma once

// What somebody who brings up a topology is told of its services.

#include <memory>
#include <string>
#include <vector>

#include "cli/topology/service.h"

namespace holm::cli {

using Services = std::vector<std::unique_ptr<Service>>;

// With what it waits for, if it waits for another.
std::string state_text(const Service& service, const Services& all);

class Progress {
  public:
    // The services may come later; they outlive it.
    explicit Progress(const Services& services);

    // A line for each service that is in another state than at the last call.
    void say_changes(bool going_down);
    // A line on all that are not ready, for somebody who looks at a terminal where nothing happens; no more
    // than one in 5 seconds.
    void say_missing();
    Service::Clock::time_point next_reminder() const { return next_reminder_; }

  private:
    const Services& services_;
    std::vector<Service::State> said_;
    Service::Clock::time_point next_reminder_;
};

}  // namespace holm::cli
