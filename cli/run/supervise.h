#pragma once

// Waits for an instance, hands on what the operator wants, and says in one sentence how it ended if that was
// not its own doing.

#include <chrono>
#include <string>

#include <sys/types.h>

#include "cli/run/passt.h"

namespace holm::cli {

// Signals that supervise() handles are held back from here on; children start without that.
void hold_signals();

struct Supervision {
    std::string name;  // of the image
    pid_t tender = 0;
    Passt* passt = nullptr;  // or null
    // From the stop request to SIGKILL: the tender and the library OS stop by themselves when the grace
    // period is over, and SIGKILL is for those that cannot.
    std::chrono::milliseconds grace{};
    std::chrono::milliseconds margin{};
};

// Returns the exit status for holm: the service's own, or 128 + signal.
int supervise(const Supervision& supervision);

// One sentence for an end by a signal. `killed`: this program did it, after the grace period or on a second
// Ctrl-C.
std::string describe_signal(const std::string& name, int signal_number, bool killed);

}  // namespace holm::cli
