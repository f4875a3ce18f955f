#pragma once

// A core file of an instance that goes on.

#include <filesystem>

#include "cli/run/instance_record.h"
#include "tender/debug/core_file.h"

namespace holm::cli {

// Stops the instance for as long as the writing takes. Process tender only: the kernel lets a debugger look.
// Fails with one sentence.
tender::CoreSize write_live_core(const InstanceRecord& record, const std::filesystem::path& file);

// Asks the tender of an instance that was started with --dump, and waits until the file is complete.
void ask_for_core(const InstanceRecord& record);

}  // namespace holm::cli
