#include <sys/random.h>

#include "kernel/core.h"
#include "kernel/entropy/random_generator.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {

// Never waits: an image that could not be seeded has not started.
SYSTEM_CALL(getrandom, void* buffer, std::size_t size, unsigned flags) {
    if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | 4u /* GRND_INSECURE */)) != 0) return -EINVAL;
    this_core().random->fill({static_cast<std::byte*>(buffer), size});
    return static_cast<Outcome>(size);
}

}  // namespace holm::posix
