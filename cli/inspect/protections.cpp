#include <cstdlib>

#include <seccomp.h>

#include "cli/inspect/report.h"
#include "cli/text/format.h"
#include "cli/text/style.h"
#include "tender/sandbox/system_calls.h"

namespace holm::cli {

std::string system_call_name(unsigned number) {
    char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, static_cast<int>(number));
    const std::string text = name != nullptr ? name : std::to_string(number);
    std::free(name);
    return text;
}

std::string protection_text(std::uint32_t flags) {
    std::string text;
    text += (flags & tender::elf::kRead) != 0 ? 'r' : '-';
    text += (flags & tender::elf::kWrite) != 0 ? 'w' : '-';
    text += (flags & tender::elf::kExecute) != 0 ? 'x' : '-';
    return text;
}

std::vector<Protection> protections_of(const Inspection& inspection) {
    // The loader's parser accepts no image without the first two.
    std::vector<Protection> protections = {
        {"W^X", true, "no memory is both writable and executable"},
        {"position independent", true, "a random address at each start"},
        {"RELRO", inspection.plan->relro.size != 0,
         human_size(inspection.plan->relro.size) + " of relocated data become read-only"},
    };
    if (inspection.has_map) {
        protections.push_back(
            {"stack protector", inspection.stack_protector, "a random canary at each start"});
    }
    protections.push_back(
        {"sandboxed system calls", true,
         formatted("{} permitted, whatever the image contains", tender::kSystemCalls.size())});
    return protections;
}

}  // namespace holm::cli
