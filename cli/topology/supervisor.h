#pragma once

// Keeps a topology up: starts services in their order, starts them again as their policy says, answers `holm
// stop`, `holm restart` and `holm down`, and takes everything down in the reverse order. One thread, one
// poll.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/compose/description.h"
#include "cli/compose/images.h"
#include "cli/topology/claim.h"
#include "cli/topology/control.h"
#include "cli/topology/links.h"
#include "cli/topology/progress.h"
#include "cli/topology/service.h"

namespace holm::cli {

class Supervisor {
  public:
    // Makes the networks; nothing is started yet. The arguments outlive it.
    Supervisor(const Compose& compose, const std::vector<PlannedService>& planned,
               const std::filesystem::path& file);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    // Until everything has ended, by a signal, by `holm down` or by itself. `ready` is called once, when all
    // services are. Returns the exit status for holm; fails, with everything down again, when a service does
    // not get ready at the first start.
    int run(const std::function<void()>& ready);

    const Services& services() const { return services_; }
    const Links& links() const { return links_; }

  private:
    // Somebody who waits for a service to end, or to be ready; or for everything to be down.
    struct Waiting {
        Descriptor connection;
        Service* service = nullptr;  // null: all
        bool for_start = false;
        bool stop_first = false;  // of a restart: it has not ended yet
    };

    void start_what_may();
    void stop_what_may();
    void end_at_once();
    void wait_for_something();
    void handle_signals();
    void handle_request();
    void answer_those_who_wait();
    bool all_ready() const;
    bool all_ended() const;
    bool is_needed(const Service& service) const;
    Service* find(std::string_view name) const;
    std::string list() const;

    Descriptor signals_;  // held from the start on: an end by signal would leave the claim's files
    TopologyClaim claim_;
    Links links_;
    Services services_;  // in the order of their start
    Progress progress_{services_};
    ControlSocket control_;
    std::vector<Waiting> waiting_;
    bool was_ready_ = false;
    bool going_down_ = false;
    bool is_released_ = false;  // the claim; the last that it does
    std::string failure_;
};

}  // namespace holm::cli
