#pragma once

// The entry of a service, to be defined by it:
//
//     holm::Task<> holm::main(holm::Machine& machine) { ... }
//
// Returning from it ends the instance, with the status that Machine::set_exit_status() was given.

#include "kernel/start/machine.h"  // IWYU pragma: export
