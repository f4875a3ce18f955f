#pragma once

// A topology from nothing to ready, and on.

#include "cli/topology/compose_file.h"

namespace holm::cli {

// Says on standard output what happens; returns holm's exit status when everything has ended. Fails when the
// topology is up already, when the machine refuses networks, or when a service does not get ready.
int bring_up(const ComposeFile& file);

// The same in a process of its own, which stays; returns when all are ready (0) or have failed. The output is
// the terminal's until then. `stays`: also when the caller ends; otherwise it goes down then, in whatever way
// that was.
int bring_up_detached(const ComposeFile& file, bool stays = true);

}  // namespace holm::cli
