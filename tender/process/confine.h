#pragma once

// Everything that takes rights away from the process before the filter does the rest. Each step is final: a
// failure ends the tender, unless it is a mechanism that this kernel lacks altogether.

#include <cstdint>
#include <span>

#include "abi/boot_info.h"
#include "tender/loader/load_plan.h"

namespace holm::tender {

// The machine can run images at all: FSGSBASE and seccomp with "kill the process". Refuses otherwise.
void require_host_support();

// Descriptor 1 exists and can, as far as possible, only be written to. Called before anything else is opened.
void prepare_console();

// Closes every descriptor but the console and those of `devices`; no new one fits into the table.
void close_all_but(std::span<const holm_boot_device> devices);

// no_new_privs, no capabilities, Landlock, resource limits, timer slack, the name that `ps` shows.
void drop_privileges(const char* name);

// Faults, stop requests and watchdog ticks enter the image at `upcall`, on the alternate stack, and leave it
// through the gate's `restorer`. From here on SIGTERM reaches the image.
void install_upcall(std::uint64_t upcall, std::uint64_t restorer, AddressRange alternate_stack);

}  // namespace holm::tender
