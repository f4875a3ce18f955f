#include "kernel/platform/virtio/boot_clock.h"

#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/platform/virtio/real_time_clock.h"
#include "kernel/platform/virtio/tsc_frequency.h"
#include "kernel/platform/virtio/x86_64/local_apic.h"
#include "kernel/platform/virtio/x86_64/ring0.h"

namespace holm::platform {
namespace {

void start_pv_clock(const Cpuid& features, PvClockPages& pages, VirtioMachine& machine) {
    constexpr std::uint32_t kHypervisor = 1u << 31;
    constexpr std::uint32_t kClock = 1 << 3;  // KVM_FEATURE_CLOCKSOURCE2
    if ((features.ecx & kHypervisor) == 0) return;
    const Cpuid name = cpuid(0x40000000);  // KVMKVMKVM
    if (name.ebx != 0x4b4d564b || name.ecx != 0x564b4d56 || name.edx != 0x4d) return;
    if ((cpuid(0x40000001).eax & kClock) == 0) return;
    service_write_register(PvClock::kTimeRegister, reinterpret_cast<std::uint64_t>(&pages.time) | 1);
    service_write_register(PvClock::kWallRegister, reinterpret_cast<std::uint64_t>(&pages.wall));
    const volatile PvWallClock& wall = pages.wall;
    machine.wall_at_system_start_ns = std::uint64_t{wall.seconds} * 1'000'000'000 + wall.nanoseconds;
    machine.pv_clock = &pages.time;
}

}  // namespace

void set_up_clock(const Cpuid& features, PvClockPages& pages, VirtioMachine& machine,
                  holm_boot_clock& clock) {
    LocalApic timer(LocalApic::kPhysical);
    start_pv_clock(features, pages, machine);
    PvClock pv{};
    TscFrequency frequency;
    if (machine.pv_clock && read_pv_clock(pages.time, pv)) frequency = {frequency_of(pv), 1};
    if (frequency.hz == 0) frequency = told_tsc_frequency();
    if (frequency.hz == 0) {
        if (machine.tsc_deadline) timer.start(false);
        frequency = measure_tsc_frequency(timer);
        if (machine.tsc_deadline) timer.start(true);
    }
    machine.apic_timer_hz = frequency.apic_timer_hz;
    if (frequency.hz == 0)
        boot_failure(
            "the frequency of the time stamp counter cannot be found out: neither CPUID nor kvmclock "
            "tell it, and there is no timer to measure it with");
    if (!machine.tsc_deadline && machine.apic_timer_hz == 0)
        machine.apic_timer_hz = measure_apic_timer(timer, frequency.hz);
    machine.tsc_hz = frequency.hz;

    clock.tsc_hz = frequency.hz;
    clock.tsc_error_ppm = frequency.error_ppm;
    if (machine.pv_clock) {
        clock.tsc_at_start = __builtin_ia32_rdtsc();
        clock.monotonic_at_start_ns = system_time_at(pv, clock.tsc_at_start);
        clock.wall_at_start_ns = machine.wall_at_system_start_ns + clock.monotonic_at_start_ns;
    } else {
        clock.wall_at_start_ns =
            static_cast<std::uint64_t>(read_real_time_clock().value_or(0)) * 1'000'000'000;
        clock.tsc_at_start = __builtin_ia32_rdtsc();
    }
}

}  // namespace holm::platform
