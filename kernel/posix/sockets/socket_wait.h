#pragma once

// Waiting for sockets, with their own timeouts.

#include "kernel/posix/sockets/socket_file.h"
#include "kernel/posix/wait.h"
#include "kernel/task/executor.h"

namespace holm::posix {

inline Instant deadline_after(Duration timeout) {
    return timeout == Duration() ? Instant::never() : executor().now() + timeout;
}

// Repeats what says -EAGAIN until it says something else or the timeout passes (-EAGAIN, as Linux has it).
template <typename Operation>
Outcome when_socket_ready(SocketFile& socket, short events, Duration timeout, int flags, const char* call,
                          Operation operation) {
    Instant deadline;
    for (bool first = true;; first = false) {
        const Outcome outcome = operation();
        if (outcome != -EAGAIN) return outcome;
        if (socket.is_non_blocking() || (flags & MSG_DONTWAIT) != 0) return asked_in_vain();
        if (first) deadline = deadline_after(timeout);
        const Outcome waited = wait_until_ready(socket, events, deadline, call);
        if (waited < 0) return waited;
    }
}

}  // namespace holm::posix
