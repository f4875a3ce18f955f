// The start of an image: from the boot info to a core on which the C library's start, the global constructors
// and then the service run.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "abi/boot_info.h"
#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/entropy/hardware.h"
#include "kernel/entropy/random_generator.h"
#include "kernel/memory/heap.h"
#include "kernel/memory/pages.h"
#include "kernel/panic/panic.h"
#include "kernel/panic/watchdog.h"
#include "kernel/start/arguments.h"
#include "kernel/start/c_library.h"
#include "kernel/start/service.h"
#include "kernel/start/x86_64/thread_pointer.h"
#include "kernel/task/executor.h"
#include "kernel/time/clock.h"

namespace holm {
namespace {

// Room for a part of a core that is made once the parts it needs are there, and never destroyed.
template <typename T>
class Part {
  public:
    template <typename... Arguments>
    T* make(Arguments&&... arguments) {
        return ::new (room_) T(std::forward<Arguments>(arguments)...);
    }

  private:
    alignas(T) std::byte room_[sizeof(T)];
};

// The core that boots. Its parts are found through Core only; others would get theirs from the page
// allocator.
struct FirstCore {
    Core core;
    EarlyThread thread;
    Part<Console> console;
    Part<RandomGenerator> random;
    Part<Clock> clock;
    Part<memory::PageAllocator> pages;
    Part<memory::Heap> heap;
    Part<Executor> executor;
    Part<Watchdog> watchdog;
    std::byte at_random[16];
};
constinit FirstCore first_core{};

// A tender that does not keep to the contract cannot be told so before its platform is known to be what it
// says.
[[gnu::no_stack_protector]] bool is_valid(const holm_boot_info& boot) {
    return boot.magic == HOLM_BOOT_MAGIC && boot.version == HOLM_BOOT_VERSION &&
           boot.size >= sizeof(holm_boot_info);
}

RandomGenerator* seed_generator(holm_boot_info& boot, Part<RandomGenerator>& room) {
    if (std::ranges::all_of(boot.seed, [](std::uint8_t byte) { return byte == 0; })) {
        panic("the tender gave no randomness (the seed is all zero); refusing to run without");
    }
    RandomGenerator* generator = room.make(boot.seed, hardware_random());
    std::memset(boot.seed, 0, sizeof boot.seed);
    return generator;
}

void give_memory(Core& core, FirstCore& rooms) {
    auto pages = memory::PageAllocator::create(
        {reinterpret_cast<std::byte*>(core.boot->heap_start), core.boot->heap_size});
    if (!pages) panic("the heap is too small to start", pages.error().what);
    core.pages = rooms.pages.make(*std::move(pages));
    core.heap = rooms.heap.make(*core.pages, core.random->next(),
                                [](const char* sentence, const void*) { panic(sentence); });
}

void bring_up(Core& core, FirstCore& rooms) {
    core.platform = &platform::choose(*core.boot);
    core.console = rooms.console.make(*core.platform);
    core.random = seed_generator(*core.boot, rooms.random);
    core.clock = rooms.clock.make(core.boot->clock, *core.platform);
    give_memory(core, rooms);
    core.executor = rooms.executor.make(*core.platform, *core.clock);
    core.watchdog = rooms.watchdog.make();
    core.random->fill(rooms.at_random);
}

}  // namespace

extern "C" [[noreturn, gnu::no_stack_protector, gnu::visibility("hidden"), gnu::used]] void holm_start(
    holm_boot_info* boot) {
    if (!is_valid(*boot)) __builtin_trap();
    first_core.core.boot = boot;
    set_core(first_core.core);
    std::uint64_t canary;
    __builtin_memcpy(&canary, boot->seed, sizeof canary);
    set_early_thread(first_core.thread, canary);
    bring_up(first_core.core, first_core);

    // For ever in this frame, as on a Linux program's stack.
    const std::size_t size = start_vector_size(*boot);
    auto* words = static_cast<std::uintptr_t*>(__builtin_alloca(size * sizeof(std::uintptr_t)));
    const StartVector vector = build_start_vector(*boot, {words, size}, first_core.at_random);
    start_c_library(vector, first_core.at_random);
    run_constructors();
    std::exit(run_service(vector));
}

}  // namespace holm
