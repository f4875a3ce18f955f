#include "abi/boot_info.h"
#include "base/text_buffer.h"
#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/panic/panic.h"
#include "kernel/posix/refusals.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

// Short lines, in one buffer: the code of this is in every image.
using Line = TextBuffer<160>;

void say(const Line& line) {
    const Core& core = this_core();
    if ((core.boot->flags & HOLM_BOOT_QUIET) == 0) core.console->write(line.text());
}

}  // namespace

Outcome refuse(long number, const char* name) {
    Refusals* refusals = part(&State::refusals);
    const auto index = static_cast<unsigned>(number);
    if (refusals == nullptr || index >= Refusals::kNumbers || refusals->note(index)) {
        Line line;
        line << "holm: system call " << number << " (" << name << ") is not implemented; returned ENOSYS\n";
        say(line);
    }
    return -ENOSYS;
}

Outcome refuse_use(const char* what, int error) {
    Refusals* refusals = part(&State::refusals);
    if (refusals == nullptr || refusals->note(what)) {
        Line line;
        line << "holm: " << what << " is not supported; returned errno " << error << "\n";
        say(line);
    }
    return -error;
}

void cannot_block(const char* call) {
    panic("a blocking call in a task: only fibers (main, std::thread) may block, tasks co_await", call);
}

}  // namespace holm::posix
