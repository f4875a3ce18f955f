#pragma once

// The machine as a service sees it: what it was started with, and the parts of its core.

#include <span>
#include <string_view>

#include "base/result.h"
#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/entropy/random_generator.h"
#include "kernel/task/event.h"
#include "kernel/task/executor.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"

namespace holm {

class BlockDevice;

class Machine {
  public:
    Machine(Core& core, std::span<const char* const> arguments);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    // The first one is the image's name.
    std::span<const char* const> arguments() const noexcept { return arguments_; }
    // Null when the environment has no such name.
    const char* environment(const char* name) const noexcept;

    Console& console() noexcept { return *core_.console; }
    Clock& clock() noexcept { return *core_.clock; }
    RandomGenerator& random() noexcept { return *core_.random; }
    Executor& executor() noexcept { return *core_.executor; }
    // The network of this image, which comes to life at the first call.
    Network& net() noexcept;

    // The block device of this name, which is made ready at the first call. Errors: kNotFound (the image
    // declares no such device), kNoDevice (it was not granted), kOutOfMemory, and what the driver says.
    Result<BlockDevice*> block(std::string_view name) noexcept;

    // The operator's request to stop (SIGTERM). `co_await machine.stop().wait()`, then return from main soon:
    // after the grace period (`--grace`, 10 s unless told) the instance ends with status 143. An instance
    // whose service has never called one of these two ends with that status at once.
    Event& stop() noexcept {
        stop_observed_ = true;
        return stop_;
    }
    bool stop_requested() noexcept { return stop().is_set(); }

    // The status the instance ends with when main returns; 0 unless set.
    void set_exit_status(int status) noexcept { exit_status_ = status; }
    int exit_status() const noexcept { return exit_status_; }

  private:
    struct OnStop final : Waiter {
        explicit OnStop(Machine& owner);
        Machine& machine;
    };
    struct GraceOver final : Timer {
        explicit GraceOver(Machine& owner);
        Machine& machine;
    };

    [[noreturn]] void end_unfinished();

    Core& core_;
    std::span<const char* const> arguments_;
    Event stop_;
    bool stop_observed_ = false;
    int exit_status_ = 0;
    OnStop on_stop_;
    GraceOver grace_over_;
};

// The service. It defines this one or a plain `int main(int, char**)`.
[[gnu::weak, gnu::visibility("hidden")]] Task<> main(Machine& machine);

}  // namespace holm
