// Masks are accepted: blocking what never comes is the truth, and a stop request cannot be put off.

#include <cstddef>

#include <signal.h>
#include <string.h>

#include "kernel/posix/system_call.h"

namespace holm::posix {

SYSTEM_CALL(rt_sigprocmask, int, const void*, void* old, std::size_t size) {
    if (size != _NSIG / 8) return -EINVAL;
    if (old != nullptr) memset(old, 0, size);
    return 0;
}

SYSTEM_CALL(rt_sigpending, void* pending, std::size_t size) {
    if (size > _NSIG / 8) return -EINVAL;
    memset(pending, 0, size);
    return 0;
}

}  // namespace holm::posix
