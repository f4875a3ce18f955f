#include "tender/process/address_space.h"

#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender/instance/failure.h"
#include "tender/process/gate.h"
#include "tender/process/workers.h"

namespace holm::tender {
namespace {

constexpr long kMseal = 462;  // Linux 6.10; the C library does not know it

void* pointer(std::uint64_t address) {
    return reinterpret_cast<void*>(address);
}

void seal(std::uint64_t start, std::uint64_t size) {
    if (syscall(kMseal, start, size, 0) != 0 && errno != ENOSYS) refuse_with_errno("cannot seal a mapping");
}

// Neighbours in one call: each costs about a microsecond.
void seal_image(const LoadPlan& plan, const Layout& layout) {
    AddressRange run;
    for (const Segment& segment : plan.segments()) {
        const std::uint64_t start = layout.base + (segment.address - plan.link_base);
        if (run.size != 0 && start != run.start + run.size) {
            seal(run.start, run.size);
            run.size = 0;
        }
        if (run.size == 0) run.start = start;
        run.size = start + page_up(segment.memory_size) - run.start;
    }
    seal(run.start, run.size);
}

}  // namespace

void seal_instance(const LoadPlan& plan, const Layout& layout, std::uint32_t worker_count,
                   std::uint64_t gate) {
    seal_image(plan, layout);
    seal(layout.alternate.start, layout.alternate.size);
    seal(layout.stack.start, layout.stack.size);
    for (std::uint32_t i = 0; i < worker_count; i++)
        seal(worker_stack(layout, i).start, worker_stack(layout, i).size);
    seal(gate, elf::kPageSize);
}

void announce_layout(const LoadPlan& plan, const Layout& layout, const holm_boot_info& info) {
    prctl_mm_map map{};
    map.start_code = map.start_data = layout.base;
    map.end_code = map.end_data = layout.base + plan.span;
    map.start_brk = map.brk = layout.heap.start;
    map.start_stack = layout.stack_top;
    map.arg_start = info.arguments.start;
    map.arg_end = info.arguments.start + info.arguments.size;
    map.env_start = info.environment.start;
    map.env_end = info.environment.start + info.environment.size;
    // As in the auxiliary vector of a program that was started the usual way: a debugger finds the load base
    // by it.
    std::uint64_t auxiliary[] = {AT_ENTRY, plan.entry + (layout.base - plan.link_base), AT_NULL, 0};
    map.auxv = reinterpret_cast<decltype(map.auxv)>(auxiliary);
    map.auxv_size = sizeof auxiliary;
    map.exe_fd = ~0u;  // stays the tender
    prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

void move_gate(std::uint64_t gate) {
    void* const page = const_cast<unsigned char*>(holm_gate_page);
    if (mremap(page, elf::kPageSize, elf::kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, pointer(gate)) !=
        pointer(gate))
        refuse_with_errno("cannot move the gate page");
}

}  // namespace holm::tender
