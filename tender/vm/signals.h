#pragma once

// What reaches the tender from outside while the guest runs: a stop request (SIGTERM), the end of its grace
// (SIGALRM), a second of CPU time gone by (SIGPROF), and memory that is not there (SIGSEGV, SIGBUS).

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

    bool any() const { return tick || stop || grace_over; }
};

// From here on signals interrupt the guest and the sleep below. `memory` tells whose fault a fault is.
void install_signal_handlers(Vcpu& vcpu, const GuestMemory& memory);

// What has come since the last call.
Signals take_signals();

// Sleeps until a descriptor is ready, the time is over or a signal comes, even one that comes just before.
// `nanoseconds` below 0: no limit. The result is ppoll's.
int sleep_on(std::span<pollfd> descriptors, std::int64_t nanoseconds);

// A signal that ends everything, so long after the stop request.
void start_grace(std::uint32_t milliseconds);

}  // namespace holm::tender
