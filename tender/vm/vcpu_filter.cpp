#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender/instance/failure.h"
#include "tender/vm/vcpu_calls.h"

namespace holm::tender {

void enter_vcpu_filter(int processor, const DebugDescriptors& debug) {
    const bool is_debugged = debug.listener >= 0 || debug.dump >= 0;
    ThreadFilter filter = is_debugged ? kDebuggedVcpuFilter : kVcpuFilter;
    filter.patch(kProcessorPatch, static_cast<std::uint32_t>(processor));
    if (is_debugged) {
        // -1, which no descriptor is, if it was not asked for.
        filter.patch(kListenerPatch, static_cast<std::uint32_t>(debug.listener));
        filter.patch(kDumpPatch, static_cast<std::uint32_t>(debug.dump));
        filter.patch(kPagemapPatch, static_cast<std::uint32_t>(debug.pagemap));
    }
    static_assert(sizeof(FilterInstruction) == sizeof(sock_filter));
    const sock_fprog program{static_cast<unsigned short>(filter.length),
                             reinterpret_cast<sock_filter*>(filter.instructions.data())};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        refuse_with_errno("cannot install the filter of system calls");
}

}  // namespace holm::tender
