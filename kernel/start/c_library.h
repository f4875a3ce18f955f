#pragma once

// The start of the C library (musl 1.2.3, as the sysroot builds it).

#include "kernel/start/arguments.h"

namespace holm {

// Environment and thread-local storage of the first thread. After this, `errno` and everything that is
// thread_local exist, and the stack protector's canary is the one in `random` (8 bytes).
void start_c_library(const StartVector& vector, const std::byte* random);

// Constructors of global objects.
void run_constructors();

}  // namespace holm
