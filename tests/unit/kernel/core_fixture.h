#pragma once

// A core for host tests: a clock that is set by hand, a platform whose sleep is to set it, and an executor.

#include <functional>
#include <string>

#include "kernel/core.h"
#include "kernel/platform/platform.h"
#include "kernel/task/executor.h"

namespace holm::test {

class ManualTime final : public TimeSource {
  public:
    Instant now() override { return time; }
    void tend(Instant) override {}
    Instant time = Instant::from_nanoseconds(0);
};

class FakePlatform final : public platform::Platform {
  public:
    explicit FakePlatform(ManualTime& time, platform::Polling polling = {})
        : time_(time), polling_(polling) {}

    platform::Polling polling() const override { return polling_; }

    void write_console(Bytes text) override { console += as_text(text); }
    void wait(Instant, Instant deadline, std::span<platform::Readiness> devices, bool) override {
        ++waits;
        if (on_wait && on_wait(devices)) return;
        if (deadline.is_never()) throw std::runtime_error("the executor would sleep for ever");
        time_.time = deadline;
    }
    bool stop_requested() const override { return stop; }
    bool sample_clock(platform::ClockSample&) override { return false; }
    void guard_page(void*) override {}
    void exit(int status) override { throw status; }

    std::string console;
    int waits = 0;
    bool stop = false;
    std::function<bool(std::span<platform::Readiness>)> on_wait;

  private:
    ManualTime& time_;
    platform::Polling polling_;
};

struct CoreFixture {
    explicit CoreFixture(platform::Polling polling = {}) : platform(time, polling), executor(platform, time) {
        core.self = &core;
        core.platform = &platform;
        core.executor = &executor;
        set_this_core(&core);
    }
    ~CoreFixture() { set_this_core(nullptr); }

    Core core{};
    ManualTime time;
    FakePlatform platform;
    Executor executor;
};

}  // namespace holm::test
