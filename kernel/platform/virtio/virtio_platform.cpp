#include "kernel/platform/virtio/virtio_platform.h"

#include <algorithm>
#include <new>

#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/platform/virtio/x86_64/ring0.h"

holm::platform::VirtioMachine* holm_virtio_machine = nullptr;

namespace holm::platform {

// A sleep that nothing ends is ended all the same: the counters of timers have 32 bits.
static constexpr Duration kLongestWait = Duration::seconds(1);

alignas(VirtioPlatform) static std::byte storage[sizeof(VirtioPlatform)];

VirtioPlatform& VirtioPlatform::start(const holm_boot_info&) {
    return *::new (storage) VirtioPlatform(*holm_virtio_machine);
}

void VirtioPlatform::write_console(Bytes text) {
    machine_.serial.write(text);
}

void VirtioPlatform::wait(Instant now, Instant deadline, std::span<Readiness> devices, bool until_stop) {
    if (until_stop && stop_requested_) return;
    if (std::ranges::any_of(devices, &Readiness::readable)) return;
    const Duration left =
        deadline.is_never() ? kLongestWait : std::clamp(deadline - now, Duration(), kLongestWait);
    const std::uint32_t vector = sleep(static_cast<std::uint64_t>(left.as_nanoseconds()));
    machine_.local_apic.end_of_interrupt();
    if (vector == HOLM_VECTOR_ATTENTION) stop_requested_ |= machine_.serial.read_stop_request();
    for (Readiness& device : devices) device.readable = vector == HOLM_VECTOR_DEVICE;
}

std::uint32_t VirtioPlatform::sleep(std::uint64_t nanoseconds) {
    if (machine_.tsc_deadline) {
        const std::uint64_t ticks = nanoseconds * (machine_.tsc_hz / 1000) / 1'000'000;
        return service_wait_deadline(__builtin_ia32_rdtsc() + ticks);
    }
    const std::uint64_t ticks = nanoseconds * (machine_.apic_timer_hz / 1000) / 1'000'000;
    machine_.local_apic.start_timer(
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(ticks, 1, 0xffffffff)));
    return service_wait();
}

bool VirtioPlatform::sample_clock(ClockSample& sample) {
    if (!machine_.pv_clock) return false;
    PvClock clock;
    sample.tsc_before = __builtin_ia32_rdtsc();
    if (!read_pv_clock(*machine_.pv_clock, clock)) return false;
    sample.tsc_after = __builtin_ia32_rdtsc();
    sample.monotonic_ns =
        system_time_at(clock, sample.tsc_before + (sample.tsc_after - sample.tsc_before) / 2);
    sample.wall_ns = machine_.wall_at_system_start_ns + sample.monotonic_ns;
    return true;
}

void VirtioPlatform::guard_page(void* page) {
    service_guard(page);
}

void VirtioPlatform::exit(int status) {
    if (Console* console = this_core().console) console->flush();
    machine_.power.off(status, machine_.exceptions);
}

}  // namespace holm::platform
