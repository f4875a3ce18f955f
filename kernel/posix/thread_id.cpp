// What every image has of threads: who it is, and its end. Apart from threads.cpp, which images without
// threads do not contain.

#include <cstdint>

#include "kernel/core.h"
#include "kernel/platform/end.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/thread.h"

namespace holm::posix {

// musl keeps the number in the thread's block, which the thread pointer points to (struct pthread, behind
// self, dtv, prev, next, sysinfo and the canary).
SYSTEM_CALL(gettid) {
    int id;
    __asm__("movl %%fs:0x30, %0" : "=r"(id));
    return id;
}

// musl's start calls this for the first thread, where the word is always the lock that end_this_thread knows.
SYSTEM_CALL(set_tid_address, std::uint32_t* word) {
    const State* state = this_core().posix;
    if (state == nullptr || state->clear_at_end == nullptr) return kFirstThread;
    state->clear_at_end(word);
    return system_gettid();
}

// Ends the calling thread alone, and with the only one the instance.
SYSTEM_CALL(exit, int status) {
    const State* state = this_core().posix;
    if (state != nullptr && state->end_this_thread != nullptr) state->end_this_thread();
    end_instance(this_core(), status & 0xff);
}

}  // namespace holm::posix
