// Apart from threads.cpp, because local statics of C++ need it in images that have no threads.

#include "kernel/posix/system_call.h"

namespace holm::posix {

// musl keeps the number in the thread's block, which the thread pointer points to (struct pthread, behind
// self, dtv, prev, next, sysinfo and the canary).
SYSTEM_CALL(gettid) {
    int id;
    __asm__("movl %%fs:0x30, %0" : "=r"(id));
    return id;
}

}  // namespace holm::posix
