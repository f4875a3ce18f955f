#pragma once

// holm::Machine: what a service is handed. Also brings holm::Task and the clock's types.

#include "kernel/start/machine.h"  // IWYU pragma: export
