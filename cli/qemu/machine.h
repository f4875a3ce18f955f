#pragma once

// QEMU as a child of this program: its input takes stop requests, a socket gives the service's exit status.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace holm::cli {

// Signals that run_qemu() turns into stop requests are held back from here on.
void hold_stop_signals();

// A way for the exit status; QEMU inherits its end.
struct StatusSocket {
    int ours = -1;
    int of_qemu = -1;
    static StatusSocket create();
};

// Runs it to its end. The service's exit status; 125 and a sentence if QEMU ended without one.
int run_qemu(const std::vector<std::string>& command, StatusSocket status);

}  // namespace holm::cli
