#include "abi/boot_info.h"
#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/panic/panic.h"
#include "kernel/posix/refusals.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

template <typename... Parts>
void say(const Parts&... parts) {
    const Core& core = this_core();
    if ((core.boot->flags & HOLM_BOOT_QUIET) == 0) core.console->print("holm: ", parts..., "\n");
}

}  // namespace

Outcome refuse(long number, const char* name) {
    Refusals* refusals = part(&State::refusals);
    const auto index = static_cast<unsigned>(number);
    if (refusals == nullptr || index >= Refusals::kNumbers || refusals->note(index)) {
        say("system call ", number, " (", name, ") is not implemented; returned ENOSYS");
    }
    return -ENOSYS;
}

Outcome refuse_use(const char* what, int error) {
    Refusals* refusals = part(&State::refusals);
    if (refusals == nullptr || refusals->note(what)) say(what, " is not supported; returned errno ", error);
    return -error;
}

void cannot_block(const char* call) {
    panic("a blocking call in a task: only fibers (main, std::thread) may block, tasks co_await", call);
}

}  // namespace holm::posix
