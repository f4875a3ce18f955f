// What programs ask about the machine: one core, this much memory, no limits but the stated ones.

#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

#include "abi/boot_info.h"
#include "kernel/memory/pages.h"
#include "kernel/posix/descriptor_table.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/times.h"
#include "kernel/task/executor.h"

namespace holm::posix {
namespace {

rlimit limit_of(int resource) {
    switch (resource) {
        case RLIMIT_NOFILE:
            return {kMaxDescriptors, kMaxDescriptors};
        case RLIMIT_STACK:
            return {this_core().boot->stack_size, this_core().boot->stack_size};
        case RLIMIT_AS:
        case RLIMIT_DATA:
            return {this_core().boot->heap_size, this_core().boot->heap_size};
        case RLIMIT_CORE:
        case RLIMIT_FSIZE:
            return {0, 0};
        default:
            return {RLIM_INFINITY, RLIM_INFINITY};
    }
}

}  // namespace

SYSTEM_CALL(uname, utsname* name) {
    *name = {};
    strcpy(name->sysname, "Holm");
    strlcpy(name->nodename, reinterpret_cast<const char*>(this_core().boot->arguments.start),
            sizeof(name->nodename));
    strcpy(name->release, "0.1.0");
    strcpy(name->version, "unikernel");
    strcpy(name->machine, "x86_64");
    return 0;
}

SYSTEM_CALL(sysinfo, struct sysinfo* info) {
    const memory::PageStatistics pages = this_core().pages->statistics();
    *info = {};
    info->uptime = static_cast<unsigned long>(executor().now().as_nanoseconds() / 1'000'000'000);
    info->totalram = pages.total * memory::kPageSize;
    info->freeram = (pages.total - pages.used) * memory::kPageSize;
    info->procs = 1;
    info->mem_unit = 1;
    return 0;
}

SYSTEM_CALL(getrlimit, int resource, rlimit* limit) {
    *limit = limit_of(resource);
    return 0;
}

SYSTEM_CALL(prlimit64, int process, int resource, const rlimit* new_limit, rlimit* old_limit) {
    if (process != 0 && process != 1) return -ESRCH;
    if (new_limit != nullptr) return refuse_use("changing a resource limit", EPERM);
    if (old_limit != nullptr) *old_limit = limit_of(resource);
    return 0;
}

SYSTEM_CALL(getcpu, unsigned* cpu, unsigned* node) {
    if (cpu != nullptr) *cpu = 0;
    if (node != nullptr) *node = 0;
    return 0;
}

}  // namespace holm::posix
