// The calls that nothing implements. Each is a function of its own in a section of its own: an image has
// those that it can reach, and `holm inspect` can tell which these are.

#include "kernel/posix/system_call.h"

#define IMPLEMENTED(number, name, family)
#define REFUSED(number, name)                                         \
    extern "C" long refused_##name() __asm__("__libos_sys_" #number); \
    extern "C" long refused_##name() {                                \
        return holm::posix::refuse(number, #name);                    \
    }
#include "kernel/posix/system_calls.def"
