#pragma once

#include "kernel/start/arguments.h"

namespace holm {

// Runs the service to its end; the result is the exit status.
int run_service(const StartVector& vector);

}  // namespace holm
