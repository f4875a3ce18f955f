#pragma once

#include "kernel/start/arguments.h"

namespace holm {

using PlainMainFunction = int(int argument_count, char** arguments, char** environment);

// Runs a plain main() on a fiber, so that it may block; returns what it returned.
int run_plain_main(PlainMainFunction* main, const StartVector& vector) __asm__("holm_run_plain_main");

}  // namespace holm
