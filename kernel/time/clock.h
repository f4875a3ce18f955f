#pragma once

// The core's clock. Reading it costs no system call: it counts the time stamp counter, about 15 ns a read.

#include "abi/boot_info.h"
#include "kernel/platform/platform.h"
#include "kernel/time/discipline.h"
#include "kernel/time/rate.h"
#include "kernel/time/time_source.h"
#include "kernel/time/wall_time.h"

namespace holm {

class Clock final : public TimeSource {
  public:
    // Instants count from the moment the boot info was made.
    Clock(const holm_boot_clock& boot, platform::Platform& platform);

    Instant now() override {
        const std::int64_t time = rate_.at(read_counter());
        if (time > last_) last_ = time;
        return Instant::from_nanoseconds(last_);
    }

    WallTime wall_now() {
        const std::int64_t time = now().as_nanoseconds() + wall_offset_;
        if (time > last_wall_) last_wall_ = time;
        return {last_wall_};
    }

    // Compares with the host's clocks when the time has come for it (discipline.h); called by the executor
    // now and then while it is awake.
    void tend(Instant now) override {
        if (now >= next_sample_) [[unlikely]]
            sample();
    }

  private:
    static std::uint64_t read_counter() { return __builtin_ia32_rdtsc(); }
    void sample();

    Rate rate_;
    std::int64_t last_ = 0;
    std::int64_t last_wall_ = 0;
    std::int64_t wall_offset_;  // wall clock minus this clock
    Instant next_sample_;
    Discipline discipline_;
    platform::Platform& platform_;
    std::uint64_t host_start_;  // the host's monotonic clock at this clock's zero
};

}  // namespace holm
