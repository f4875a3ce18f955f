#pragma once

// A program that holm starts and waits for.

#include <string>
#include <vector>

#include <sys/types.h>

namespace holm::cli {

struct SpawnOptions {
    int output = -1;                // descriptor that becomes its standard output and error; -1: ours
    int error = -1;                 // descriptor that becomes its standard error only
    bool ignore_interrupt = false;  // Ctrl-C is the parent's to turn into an orderly stop
    bool own_session = false;
};

// Starts `words[0]` (a path). Descriptors without close-on-exec are inherited. When this program ends first,
// however it ends, the child gets SIGTERM.
pid_t spawn(const std::vector<std::string>& words, const SpawnOptions& options);

// For a process that was forked: `signal` when its parent ends, also if that has ended already. Call it
// after a change of namespaces, which makes the kernel forget it.
void end_with(pid_t parent, int signal);

// One pipe, close-on-exec; [0] is read from.
struct Pipe {
    int read_end = -1;
    int write_end = -1;
    static Pipe create();
    void close_read();
    void close_write();
};

}  // namespace holm::cli
