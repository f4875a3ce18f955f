#include "kernel/platform/process/process_platform.h"

#include <algorithm>
#include <array>
#include <new>

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/memory/pages.h"
#include "kernel/panic/panic.h"

namespace holm::platform {

// Instead of none at all: a finite one can be made zero by the upcall.
static constexpr Duration kLongestWait = Duration::seconds(24 * 60 * 60);
static constexpr std::size_t kMaxDevices = 64;
static constexpr int kLastSeconds = 2;  // that a console which takes nothing may delay the end

constinit volatile bool ProcessPlatform::stop_requested_early_ = false;

alignas(ProcessPlatform) static std::byte storage[sizeof(ProcessPlatform)];

ProcessPlatform& ProcessPlatform::start(const holm_boot_info& boot) {
    return *::new (storage) ProcessPlatform(boot);
}

ProcessPlatform::ProcessPlatform(const holm_boot_info& boot)
    : gate_(boot.gate), window_(boot.gate), console_(boot.console_handle) {}

void ProcessPlatform::write_console(Bytes text) {
    int seconds_of_end = 0;
    while (!text.empty()) {
        const long written = gate_.write(console_, text);
        if (written >= 0) {
            text = text.subspan(static_cast<std::size_t>(written));
        } else if (written == -EAGAIN) {
            // The console is somebody else's non-blocking pipe; the whole core waits for its reader, but not
            // when the instance is to end.
            if (stop_requested() && ++seconds_of_end > kLastSeconds) return;
            pollfd console{.fd = console_, .events = POLLOUT, .revents = 0};
            const timespec second{.tv_sec = 1, .tv_nsec = 0};
            gate_.ppoll(&console, 1, &second);
        } else if (written != -EINTR) {
            return;
        }
    }
}

void ProcessPlatform::wait(Instant now, Instant deadline, std::span<Readiness> devices, bool until_stop) {
    std::array<pollfd, kMaxDevices> polled;
    const std::size_t count = std::min(devices.size(), polled.size());
    for (std::size_t i = 0; i < count; ++i) {
        const Readiness& device = devices[i];
        const int events = (device.want_readable ? POLLIN : 0) | (device.want_writable ? POLLOUT : 0);
        polled[i] = {.fd = device.handle, .events = static_cast<short>(events), .revents = 0};
    }
    const Duration left = std::min(deadline.is_never() ? kLongestWait : deadline - now, kLongestWait);
    timeout_.seconds = left.as_nanoseconds() / 1'000'000'000;
    timeout_.nanoseconds = left.as_nanoseconds() % 1'000'000'000;
    if (until_stop && stop_requested()) return;
    static_assert(sizeof timeout_ == sizeof(timespec));
    const auto* timeout = const_cast<const timespec*>(reinterpret_cast<volatile timespec*>(&timeout_));
    asleep_ = true;
    const long ready = gate_.ppoll(polled.data(), count, timeout);
    asleep_ = false;
    if (ready <= 0) return;
    for (std::size_t i = 0; i < count; ++i) {
        devices[i].readable = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        devices[i].writable = (polled[i].revents & POLLOUT) != 0;
    }
}

std::uint64_t ProcessPlatform::request_stop(std::uint64_t instruction_pointer) {
    stop_requested_ = true;
    timeout_.seconds = 0;
    timeout_.nanoseconds = 0;
    const bool entering =
        instruction_pointer >= window_.window_begin && instruction_pointer < window_.window_end;
    return entering ? window_.abandon : instruction_pointer;
}

bool ProcessPlatform::sample_clock(ClockSample& sample) {
    timespec monotonic{};
    timespec wall{};
    sample.tsc_before = __builtin_ia32_rdtsc();
    if (gate_.clock_gettime(CLOCK_MONOTONIC, &monotonic) != 0) return false;
    sample.tsc_after = __builtin_ia32_rdtsc();
    if (gate_.clock_gettime(CLOCK_REALTIME, &wall) != 0) return false;
    const auto nanoseconds = [](const timespec& time) {
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
               static_cast<std::uint64_t>(time.tv_nsec);
    };
    sample.monotonic_ns = nanoseconds(monotonic);
    sample.wall_ns = nanoseconds(wall);
    return true;
}

void ProcessPlatform::guard_page(void* page) {
    if (gate_.protect_none(page, memory::kPageSize) != 0) panic("the host refused to make a guard page");
}

void ProcessPlatform::exit(int status) {
    if (Console* console = this_core().console) console->flush();
    gate_.exit_group(status);
}

}  // namespace holm::platform
