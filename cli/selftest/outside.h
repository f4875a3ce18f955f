#pragma once

// What the host's kernel says about a waiting instance (proc(5)).

#include <sys/types.h>

#include "cli/selftest/outcome.h"

namespace holm::cli {

// Every thread: no capabilities, no_new_privs, a seccomp filter.
Outcome examine_rights(pid_t instance);

// No mapping is writable and executable.
Outcome examine_mappings(pid_t instance);

}  // namespace holm::cli
