#pragma once

// The process platform: system calls through the gate page, signals through the image's upcall.

#include "kernel/platform/platform.h"
#include "kernel/platform/process/gate.h"

namespace holm::platform {

class ProcessPlatform final : public Platform {
  public:
    // Once; the platform is the instance's, not a core's.
    static ProcessPlatform& start(const holm_boot_info& boot);

    void write_console(Bytes text) override;
    void wait(Instant now, Instant deadline, std::span<Readiness> devices, bool until_stop) override;
    bool stop_requested() const override { return stop_requested_ || stop_requested_early_; }
    bool sample_clock(ClockSample& sample) override;
    void guard_page(void* page) override;
    [[noreturn]] void exit(int status) override;

    const Gate& gate() const { return gate_; }

    // In the upcall for SIGTERM: notes the request and ends a wait that is being entered; the answer is where
    // the interrupted code goes on.
    std::uint64_t request_stop(std::uint64_t instruction_pointer);

    // The same before the core knows its platform: between the tender's set-up and the first instructions of
    // the image a request may arrive, and must not be lost.
    static void request_early_stop() { stop_requested_early_ = true; }

    // In the upcall for SIGPROF: whether the first thread sleeps in wait(). The processor time that goes by
    // is then that of the threads of block devices, and no task hogs the core.
    bool is_asleep() const { return asleep_; }

  private:
    explicit ProcessPlatform(const holm_boot_info& boot);

    Gate gate_;
    holm_boot_gate window_;
    std::int32_t console_;
    volatile bool stop_requested_ = false;
    volatile bool asleep_ = false;
    static constinit volatile bool stop_requested_early_;
    // What ppoll is told. The upcall makes it zero, so that no request is slept through that comes after the
    // last look at the flag and before the kernel reads this.
    struct {
        volatile long seconds;
        volatile long nanoseconds;
    } timeout_{};
};

}  // namespace holm::platform
