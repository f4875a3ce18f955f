#pragma once

// What runs on this machine for this user: one small file an instance, in a folder that only the user can
// write to. A file whose process is gone is removed by whoever meets it.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace holm::cli {

struct InstanceRecord {
    std::string name;
    pid_t supervisor = 0;  // holm run; this is the number `holm ps` shows and `holm stop` takes
    std::uint64_t start_ticks =
        0;  // its start, in clock ticks since boot: a reused process number is told by it
    pid_t tender = 0;
    std::int64_t started = 0;            // seconds since 1970
    std::string image;                   // absolute path
    std::string ports;                   // for people
    std::string runs_under = "process";  // which tender
    std::string dump;                    // the core file it was started with (--dump); "": none
    std::string gdb_socket;              // where a debugger is let in; "": nowhere
    std::string topology;                // the project of holm up that it is part of; "": none
    std::string log;                     // path of the console's log; "": the terminal
};

// The folder: $XDG_RUNTIME_DIR/holm, /run/holm for root, else one below /tmp. Made when it is missing; fails
// when somebody else could have put files there.
std::filesystem::path instance_folder();

// Start of a process in clock ticks since boot; empty when there is none.
std::optional<std::uint64_t> start_ticks_of(pid_t process);

void write_record(const InstanceRecord& record);
void remove_record(pid_t supervisor);

// All that run, oldest first; removes the files of those that do not.
std::vector<InstanceRecord> running_instances();

// The one that is meant: by process number, or by name if that is unique. Fails with what runs.
InstanceRecord find_instance(std::string_view what);

// Text form of a record and back; a line "key=value" each. Nothing is assumed about `text`.
std::string format_record(const InstanceRecord& record);
std::optional<InstanceRecord> parse_record(std::string_view text);

}  // namespace holm::cli
