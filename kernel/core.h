#pragma once

// A core: everything that changes hangs off it. Nothing here is shared with another core, so nothing is
// locked.
//
// A core is found through the GS base, in one instruction; on the host (unit tests) through a thread-local
// pointer. This header is included everywhere: it names the parts and includes none of them.

struct holm_boot_info;

namespace holm {

class BlockDevices;
class Console;
class Clock;
class Executor;
class Fiber;
class Machine;
class Network;
class RandomGenerator;
class Watchdog;

namespace platform {
class Platform;
}
namespace posix {
struct State;
}
namespace memory {
class Heap;
class PageAllocator;
}  // namespace memory

struct Core {
    Core* self;  // first, because this_core() loads it from %gs:0

    // In the order in which kernel/start fills them in; a null pointer is a part that this image or this test
    // lacks.
    holm_boot_info* boot;
    platform::Platform* platform;
    Console* console;
    Clock* clock;
    memory::PageAllocator* pages;
    memory::Heap* heap;
    RandomGenerator* random;
    Executor* executor;
    Watchdog* watchdog;
    Machine* machine;
    Network* network;
    BlockDevices* blocks;
    posix::State* posix;  // made by the first call of the C library that needs it
    // What is to be done before the platform's exit: the network's leases are given back. Null: nothing.
    void (*farewell)(Core&);

    bool panicking;  // a report is being written; a second panic must not start another
};

#ifdef HOLM_GUEST
inline Core& this_core() {
    // Not volatile: the compiler may keep the answer, because nothing that runs ever changes its core.
    Core* core;
    __asm__("movq %%gs:0, %0" : "=r"(core));
    return *core;
}
#else
namespace detail {
inline thread_local Core* host_core = nullptr;
}
inline Core& this_core() {
    return *detail::host_core;
}
// For tests: `core` is this thread's core from now on.
inline void set_this_core(Core* core) {
    detail::host_core = core;
}
#endif

}  // namespace holm
