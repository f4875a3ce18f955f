#pragma once

// The word of the kernel command line that says how a network device is to be used:
//
//     holm.net=lan,ip=10.0.0.2/24,gw=10.0.0.1,dns=10.0.0.1,mac=52:54:00:00:00:01,mtu=1400
//
// Apart from the others, because an image without a network does not have it.

#include "kernel/platform/virtio/command_line.h"

namespace holm::platform {

// The name is what holm-manifest has the linker ask for.
CommandLine::Outcome network_word(CommandLine& line,
                                  std::string_view word) __asm__("holm_virtio_network_word");

}  // namespace holm::platform
