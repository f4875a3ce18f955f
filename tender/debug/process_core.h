#pragma once

// The core file of an instance of the process tender, written from outside by whoever traces it.

#include <expected>

#include <sys/types.h>

#include "tender/debug/core_file.h"

namespace holm::tender {

// The registers of a thread that is stopped under ptrace. False: it is gone.
bool read_thread(pid_t thread, CoreThread& into);

// Writes to `file` what `process` has mapped; it stands still meanwhile. `name` is for people.
std::expected<CoreSize, Sentence> write_process_core(int file, pid_t process, std::string_view name,
                                                     std::span<const CoreThread> threads);

}  // namespace holm::tender
