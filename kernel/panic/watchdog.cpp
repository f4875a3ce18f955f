#include "kernel/panic/watchdog.h"

#include "abi/boot_info.h"
#include "kernel/core.h"
#include "kernel/panic/report.h"
#include "kernel/platform/platform.h"
#include "kernel/task/executor.h"

namespace holm {

// Whole seconds of processor time without progress; the one before began with some.
static constexpr unsigned kHoggedTicks = 1;
static constexpr unsigned kMillisecondsOfTick = 1000;
static constexpr int kStoppedStatus = 143;  // 128 + SIGTERM

static Report hogged_report(std::uint64_t instruction_pointer, std::uint64_t frame_pointer) {
    return {.title = "the core is hogged",
            .what = "no other task has run for more than a second of processor time",
            .instruction_pointer = instruction_pointer,
            .frame_pointer = frame_pointer};
}

void Watchdog::tick(std::uint64_t instruction_pointer, std::uint64_t frame_pointer) {
    Core& core = this_core();
    if (!core.executor) return;
    if (core.executor->progress() != progress_) {
        progress_ = core.executor->progress();
        hogged_ = 0;
        return;
    }
    ++hogged_;
    if (core.platform->stop_requested() && hogged_ * kMillisecondsOfTick >= core.boot->stop_grace_ms)
        end(instruction_pointer, frame_pointer);
    // A main() that computes and has nobody beside it keeps nobody waiting.
    const bool alone = core.executor->running_fiber() && !core.executor->has_others_waiting();
    const bool quiet = (core.boot->flags & HOLM_BOOT_QUIET) != 0;
    if (hogged_ == kHoggedTicks && !reported_ && !alone && !quiet) {
        reported_ = true;
        print_report(hogged_report(instruction_pointer, frame_pointer));
    }
}

void Watchdog::grace_over(std::uint64_t instruction_pointer, std::uint64_t frame_pointer) {
    const Core& core = this_core();
    if (core.executor && core.executor->current()) end(instruction_pointer, frame_pointer);
}

void Watchdog::end(std::uint64_t instruction_pointer, std::uint64_t frame_pointer) {
    Report report = hogged_report(instruction_pointer, frame_pointer);
    report.detail = "the operator's stop request could not be delivered; ending the instance";
    print_report(report);
    this_core().platform->exit(kStoppedStatus);
}

}  // namespace holm
