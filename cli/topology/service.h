#pragma once

// One service of a topology through its life: waiting for others, started, ready, ended, started again.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "cli/compose/images.h"
#include "cli/topology/links.h"
#include "cli/topology/namespaces.h"
#include "cli/topology/readiness.h"

namespace holm::cli {

class Service {
  public:
    using Clock = std::chrono::steady_clock;
    enum class State { kWaiting, kStarting, kReady, kPausing, kStopping, kEnded };

    Service(const ComposeService& description, const PlannedService& planned, const Links& links);

    const ComposeService& description() const { return description_; }
    State state() const { return state_; }
    // Ready; or, where nothing is checked, ended well, whether it is started again or not.
    bool is_good() const { return state_ == State::kReady || ended_well_; }
    // Whether what a service that depends on it asks for is so.
    bool fulfils(Dependency::Condition condition) const;
    bool has_process() const { return process_ > 0; }
    // "ready", "starting", "ended (1)"
    std::string state_text() const;
    // Since somebody asked for it to be started.
    std::uint32_t starts() const { return starts_; }
    // Not ready at any of several starts, for longer than one has time for it.
    bool has_tried_enough() const;
    pid_t process() const { return process_; }
    const std::filesystem::path& log() const { return log_; }
    // From the last start until it was ready.
    std::chrono::microseconds start_time() const { return start_time_; }
    // When a pause before the next start is over.
    std::optional<Clock::time_point> next_start() const;

    void start();
    // Asks for an orderly stop; it is not started again.
    void stop();
    // The same, and kills what has not ended.
    void stop_at_once();
    // Waiting again, as at the beginning.
    void rearm();
    // Looks whether `process` is one of its own that has ended with `status` (as waitpid has it). True if it
    // was.
    bool child_ended(pid_t process, int status);
    // What went wrong: it did not get ready in time, or ended before or badly, and is not started again; "":
    // nothing.
    const std::string& failure() const { return failure_; }

  private:
    [[noreturn]] void become_instance() const;
    Probe make_probe() const;
    void start_probe();
    void instance_ended(int status);
    bool starts_again(int status) const;

    const ComposeService& description_;
    const PlannedService& planned_;
    const Links& links_;
    std::filesystem::path log_;
    Descriptor log_input_;

    State state_ = State::kWaiting;
    bool wanted_ = true;
    pid_t process_ = -1;  // holm run's part
    pid_t probe_ = -1;
    std::uint32_t starts_ = 0;  // since somebody asked for it to be started
    bool ended_well_ = false;   // and is not stopped, nor has failed since
    std::chrono::milliseconds pause_;
    Clock::time_point first_started_{};
    Clock::time_point started_{};
    Clock::time_point next_start_{};
    std::chrono::microseconds start_time_{};
    int status_ = 0;  // how it ended last, as waitpid has it
    std::string failure_;
};

}  // namespace holm::cli
