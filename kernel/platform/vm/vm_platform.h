#pragma once

// The vm platform: hypercalls to the tender, and upcalls from it.

#include "kernel/platform/platform.h"
#include "kernel/platform/vm/hypercall.h"

namespace holm::platform {

class VmPlatform final : public Platform {
  public:
    // Once; the platform is the instance's, not a core's.
    static VmPlatform& start(const holm_boot_info& boot);

    // Nothing can come before the tender has had its turn, and a turn costs up to 27 us where KVM has no
    // support of the hardware; a core that never waits is to look after its devices without paying more than
    // a tenth for it.
    Polling polling() const override {
        return {.longest_spin = Duration(), .longest_without_wait = Duration::microseconds(250)};
    }

    void write_console(Bytes text) override;
    void wait(Instant now, Instant deadline, std::span<Readiness> devices, bool until_stop) override;
    bool stop_requested() const override { return stop_requested_; }
    bool sample_clock(ClockSample& sample) override;
    void guard_page(void* page) override;
    [[noreturn]] void exit(int status) override;

    // In the upcall, which may come before there is a core.
    static void request_stop() { stop_requested_ = true; }
    // In the upcall of a watchdog tick: whether the processor time was the tender's, which serves devices in
    // wait() and has threads for disks. No task hogs the core then.
    bool is_asleep() const { return asleep_; }

  private:
    explicit VmPlatform(const holm_boot_info& boot);

    // Nanoseconds since the start, by the tender's idea of the clock: the core's own is corrected as time
    // goes by.
    std::uint64_t tender_now() const;

    HypercallPage hypercalls_;
    std::uint64_t tsc_at_start_;
    std::uint64_t tsc_hz_;
    volatile bool asleep_ = false;
    static constinit volatile bool stop_requested_;
};

}  // namespace holm::platform
