#pragma once

// The threads of an instance that do what may block (abi/boot_info.h: holm_boot_workers). They wait in the
// gate page, on stacks among the instance's own memory, so the tender can go away under them.

#include <cstdint>

#include "abi/boot_info.h"
#include "tender/instance/layout.h"

namespace holm::tender {

// Enough for several requests to wait for a disk at once; each costs a page, and the host some 20 KiB.
constexpr std::uint32_t kWorkerCount = 4;
// A fault of a worker is reported on it; most of it is never touched.
constexpr std::uint64_t kWorkerStackSize = 64 * 1024;

// Behind the heap, each with a page below it that is never mapped.
constexpr AddressRange worker_stack(const Layout& layout, std::uint32_t index) {
    const std::uint64_t page = elf::kPageSize;
    const std::uint64_t first = page_up(layout.end()) + page;
    return {first + index * (kWorkerStackSize + page), kWorkerStackSize};
}

// Maps the stacks. False: something lies there already.
bool map_worker_stacks(const Layout& layout);

// Makes the two eventfds.
holm_boot_workers make_worker_handles();

// Starts the threads. They inherit what the tender has given up by now; all their signals but faults are
// blocked. `workers` is where the boot info has it, `gate` where the gate page is.
void start_workers(const Layout& layout, std::uint64_t gate, const holm_boot_workers& workers);

}  // namespace holm::tender
