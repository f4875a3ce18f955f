#pragma once

// What the library OS needs from what it runs on. One implementation for each folder beside this file; the
// boot info says which one this instance runs on.

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"

struct holm_boot_info;

namespace holm::platform {

// One device to wait for: what is wanted and, after the wait, what is there.
struct Readiness {
    std::int32_t handle = -1;  // from the boot info; a descriptor on the process platform
    bool want_readable = false;
    bool want_writable = false;
    bool readable = false;  // also set on an error or hang-up, which the next read then reports; set before
                            // the wait: do not sleep
    bool writable = false;
};

// The host's clocks, and the time stamp counter read just before and just after them.
struct ClockSample {
    std::uint64_t tsc_before;
    std::uint64_t tsc_after;
    std::uint64_t monotonic_ns;  // the host's CLOCK_MONOTONIC
    std::uint64_t wall_ns;       // since 1970-01-01 UTC
};

// How a core is to look after its devices here. A platform says it once; the executor follows it.
struct Polling {
    // Going to sleep and being woken costs a core about as much: for so long it may ask its devices again and
    // again instead, where that has lately been worth it. Zero where nothing can come before wait()
    // is called.
    Duration longest_spin;
    // Where devices are served only in wait(): a core that always has something to do calls it so often all
    // the same, with a deadline that has passed. Duration::max() where they are served beside it.
    Duration longest_without_wait = Duration::max();
};

class Platform {
  public:
    // Going to sleep in the host's kernel and being woken by another core costs 14 us of CPU time, and who
    // wakes us a little more; devices are always there to be asked.
    virtual Polling polling() const { return {.longest_spin = Duration::microseconds(15)}; }

    // Writes all of it, waiting as long as the reader at the other end makes it. Output that nobody can
    // take any more is dropped.
    virtual void write_console(Bytes text) = 0;

    // Sleeps until `deadline` on the core's clock or until a device is ready; with `until_stop` also until
    // there is a stop request, even if it came just before. May return early for no reason.
    virtual void wait(Instant now, Instant deadline, std::span<Readiness> devices, bool until_stop) = 0;

    // True from the operator's stop request (SIGTERM) on.
    virtual bool stop_requested() const = 0;

    // Reads the host's clocks. Costs a few hundred nanoseconds. False where there is no such thing.
    virtual bool sample_clock(ClockSample& sample) = 0;

    // Makes one page inaccessible for the rest of the instance's life.
    virtual void guard_page(void* page) = 0;

    // Ends the instance at once.
    [[noreturn]] virtual void exit(int status) = 0;

  protected:
    ~Platform() = default;
};

// The one the boot info names; never fails, because the tender checked it against the manifest.
Platform& choose(const holm_boot_info& boot);

}  // namespace holm::platform
