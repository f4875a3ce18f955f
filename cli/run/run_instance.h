#pragma once

// One instance from its start to its end, in this process.

#include <functional>
#include <string>

#include "cli/run/run_options.h"

namespace holm::cli {

// Starts the tender (and passt), lists the instance for `holm ps`, calls `ready` and waits for the end.
// `log`: where its output is kept, for `holm logs`; "" when that is a terminal. Returns the exit status for
// holm. Fails when nothing could be started.
int run_instance(const RunOptions& options, const RunPlan& plan, const std::string& log,
                 const std::function<void()>& ready);

}  // namespace holm::cli
