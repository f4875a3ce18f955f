#pragma once

#include <cstdint>

#include "tender/loader/load_plan.h"

namespace holm::tender {

// Faults, stop requests and watchdog ticks enter the image at `upcall`, on the alternate stack, and leave it
// through the gate's `restorer`. From here on SIGTERM reaches the image.
void install_upcall(std::uint64_t upcall, std::uint64_t restorer, AddressRange alternate_stack);

}  // namespace holm::tender
