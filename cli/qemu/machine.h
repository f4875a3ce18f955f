#pragma once

// QEMU as a child of this program: its input takes stop requests, a socket gives the service's exit status.

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace holm::cli {

// Signals that run_qemu() turns into stop requests are held back from here on.
void hold_stop_signals();

// A way for the exit status, or for QMP; QEMU inherits its end.
struct SocketToQemu {
    int ours = -1;
    int of_qemu = -1;
    static SocketToQemu create();
};

// What to do with a machine that has ended and stands still, before QEMU goes.
struct LastLook {
    SocketToQemu control;  // QMP
    std::function<void()> after_panic;
};

// Runs it to its end. The service's exit status; 125 and a sentence if QEMU ended without one; 143 if it had
// to be killed, which happens when it is still there some seconds after the grace that follows a stop
// request.
int run_qemu(const std::vector<std::string>& command, SocketToQemu status, std::chrono::milliseconds grace,
             const LastLook* last_look);

}  // namespace holm::cli
