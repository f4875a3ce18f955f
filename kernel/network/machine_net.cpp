#include "kernel/network/network.h"
#include "kernel/start/machine.h"

namespace holm {

// Here and not with the rest of Machine: only an image that calls it contains the network stack.
Network& Machine::net() noexcept {
    return network();
}

}  // namespace holm
