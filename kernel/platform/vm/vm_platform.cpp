#include "kernel/platform/vm/vm_platform.h"

#include <algorithm>
#include <new>

#include "kernel/console/console.h"
#include "kernel/core.h"

namespace holm::platform {

constinit volatile bool VmPlatform::stop_requested_ = false;

alignas(VmPlatform) static std::byte storage[sizeof(VmPlatform)];

VmPlatform& VmPlatform::start(const holm_boot_info& boot) {
    return *::new (storage) VmPlatform(boot);
}

VmPlatform::VmPlatform(const holm_boot_info& boot)
    : hypercalls_(boot.vm), tsc_at_start_(boot.clock.tsc_at_start), tsc_hz_(boot.clock.tsc_hz) {}

void VmPlatform::write_console(Bytes text) {
    holm_console_call call{.text = reinterpret_cast<std::uint64_t>(text.data()), .size = text.size()};
    hypercalls_.call(HOLM_HYPERCALL_CONSOLE, call);
}

std::uint64_t VmPlatform::tender_now() const {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const std::uint64_t ticks = __builtin_ia32_rdtsc() - tsc_at_start_;
    return ticks / tsc_hz_ * kSecond + ticks % tsc_hz_ * kSecond / tsc_hz_;
}

// Devices are served, and said to be ready, all together: their drivers find out by looking at their queues.
void VmPlatform::wait(Instant now, Instant deadline, std::span<Readiness> devices, bool until_stop) {
    holm_wait_call call{.deadline_ns = ~std::uint64_t{0}, .until_stop = until_stop ? 1u : 0u, .events = 0};
    const bool there_already = std::ranges::any_of(
        devices, [](const Readiness& device) { return device.readable || device.writable; });
    if (there_already) deadline = now;
    if (!deadline.is_never()) {
        const std::int64_t left = (deadline - now).as_nanoseconds();
        call.deadline_ns = tender_now() + static_cast<std::uint64_t>(left > 0 ? left : 0);
    }
    asleep_ = true;
    hypercalls_.call(HOLM_HYPERCALL_WAIT, call);
    asleep_ = false;
    for (Readiness& device : devices) {
        device.readable |= device.want_readable && call.events != 0;
        device.writable |= device.want_writable && call.events != 0;
    }
}

bool VmPlatform::sample_clock(ClockSample& sample) {
    holm_clock_call call{};
    hypercalls_.call(HOLM_HYPERCALL_CLOCK, call);
    sample.tsc_before = call.tsc - call.tsc_uncertainty;
    sample.tsc_after = call.tsc + call.tsc_uncertainty;
    sample.monotonic_ns = call.monotonic_ns;
    sample.wall_ns = call.wall_ns;
    return true;
}

void VmPlatform::guard_page(void* page) {
    hypercalls_.call(HOLM_HYPERCALL_GUARD, reinterpret_cast<std::uint64_t>(page));
}

void VmPlatform::exit(int status) {
    const Core& core = this_core();
    if (core.console) core.console->flush();
    const auto value = static_cast<std::uint64_t>(status);
    hypercalls_.call(core.panicking ? HOLM_HYPERCALL_PANIC : HOLM_HYPERCALL_EXIT, value);
    __builtin_trap();
}

}  // namespace holm::platform
