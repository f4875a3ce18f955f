#pragma once

// An exception of the processor, as the platforms without an operating system below them learn of it.

#include "abi/hypercalls.h"

namespace holm::platform {

// kernel/entropy tries an instruction that the processor may lack. True: it was that, and the frame goes on
// behind it.
bool is_tried_instruction(holm_upcall_frame& frame);

// The end of the instance, with a screen. There is a core and its platform.
[[noreturn]] void panic_exception(const holm_upcall_frame& frame);

}  // namespace holm::platform
