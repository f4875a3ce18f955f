#pragma once

// Everything that takes rights away from the process before the filter does the rest. Each step is final: a
// failure ends the tender, unless it is a mechanism that this kernel lacks altogether.

#include <span>

namespace holm::tender {

// The machine can run images at all: FSGSBASE and seccomp with "kill the process". Refuses otherwise.
void require_host_support();

// Standard output (1) or error (2) exists and can, as far as possible, only be written to. Called before
// anything else is opened.
constexpr int kConsole = 1;
constexpr int kStandardError = 2;
void prepare_output(int descriptor);

// Closes every descriptor but these, which it sorts; no new one fits into the table.
void close_all_but(std::span<int> kept);

// no_new_privs, no capabilities, Landlock, no core files, timer slack, the name that `ps` shows.
void drop_privileges(const char* name);

// A lock of its own besides the filter. Not where KVM makes worker threads of this process.
void forbid_new_processes();

}  // namespace holm::tender
