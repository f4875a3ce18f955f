// Where the threads of the process tender enter the image (abi/boot_info.h).

#include "kernel/block/threads.h"

#include <memory>
#include <new>

#include "abi/boot_info.h"
#include "kernel/core.h"
#include "kernel/drivers/block/block_workers.h"
#include "kernel/start/x86_64/thread_pointer.h"

namespace holm {
namespace {

// What a thread needs to be able to run compiled code, and to report a fault of its own.
struct BlockThread {
    EarlyThread thread;
    Core core;
};

struct BlockThreads {
    drivers::BlockWorkers& workers;
    std::uint64_t canary;
    std::unique_ptr<BlockThread[]> threads;
};

[[noreturn]] void work(drivers::BlockWorkers& workers) {
    for (;;) workers.work_once();
}

[[noreturn, gnu::no_stack_protector]] void enter(BlockThreads* all, std::uint64_t index) {
    BlockThread& mine = all->threads[index];
    set_early_thread(mine.thread, all->canary);
    set_core(mine.core);
    work(all->workers);
}

[[gnu::no_stack_protector]] std::uint64_t current_canary() {
    std::uint64_t canary;
    __asm__("movq %%fs:0x28, %0" : "=r"(canary));
    return canary;
}

}  // namespace

bool start_block_threads(holm_boot_info& boot, drivers::BlockWorkers& workers) {
    std::unique_ptr<BlockThread[]> threads(new (std::nothrow) BlockThread[boot.workers.count]);
    if (!threads) return false;
    const Core& core = this_core();
    for (std::uint32_t i = 0; i < boot.workers.count; ++i) {
        // Enough for a panic screen, and nothing that changes under the core's hands.
        Core own{};
        own.boot = core.boot;
        own.platform = core.platform;
        threads[i].core = own;
    }
    auto* all = new (std::nothrow) BlockThreads{workers, current_canary(), std::move(threads)};
    if (!all) return false;
    boot.workers.argument = reinterpret_cast<holm_guest_address>(all);
    boot.workers.entry = reinterpret_cast<holm_guest_address>(&enter);
    return true;
}

}  // namespace holm
