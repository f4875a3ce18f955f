#pragma once

// What reaches the tender from outside while the guest runs: a stop request (SIGTERM), the end of its grace
// (SIGALRM), CPU time gone by (SIGPROF), a wish for a core file (SIGUSR1), and memory that is not there
// (SIGSEGV, SIGBUS).

#include <cstdint>
#include <span>

#include <poll.h>

#include "tender/vm/guest_memory.h"
#include "tender/vm/vcpu.h"

namespace holm::tender {

struct Signals {
    bool tick = false;
    bool stop = false;
    bool grace_over = false;
    bool dump = false;

    bool any() const { return tick || stop || grace_over || dump; }
};

// From here on signals interrupt the guest and the sleep below. `memory` tells whose fault a fault is.
// A tick comes each second of CPU time, or that many times a second.
void install_signal_handlers(Vcpu& vcpu, const GuestMemory& memory, unsigned ticks_per_second);

// What has come since the last call.
Signals take_signals();

// Sleeps until a descriptor is ready, the time is over or a signal comes, even one that comes just before.
// `nanoseconds` below 0: no limit. The result is ppoll's.
int sleep_on(std::span<pollfd> descriptors, std::int64_t nanoseconds);

// The signal that ends everything, so long after the stop request. It comes again and again: no write to a
// console that nobody reads outlasts it, the tender's own last sentence included. It also comes soon after
// SIGTERM itself, and means nothing then.
void start_grace(std::uint32_t milliseconds);

}  // namespace holm::tender
