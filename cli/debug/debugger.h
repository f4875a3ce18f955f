#pragma once

// How gdb is started on an instance: which files, and which commands come before the user's own.

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace holm::cli {

// What gdb is pointed at: exactly one of the three.
struct DebugTarget {
    pid_t process = 0;     // an instance of the process tender
    std::string socket;    // where a tender speaks gdb's remote protocol
    std::string core;      // a core file
    bool stopped = false;  // before its first instruction
};

struct DebugFiles {
    std::filesystem::path gdb;
    std::filesystem::path script;                // holm_gdb.py
    std::filesystem::path symbols;               // NAME.debug
    std::vector<std::filesystem::path> sources;  // folders in which sources are looked for
};

// Finds them for an image; fails with what is missing and how to get it.
DebugFiles find_debug_files(const std::filesystem::path& image);

// gdb's command line. `own` are the user's words for gdb.
std::vector<std::string> gdb_command(const DebugTarget& target, const DebugFiles& files,
                                     const std::vector<std::string>& own);

}  // namespace holm::cli
