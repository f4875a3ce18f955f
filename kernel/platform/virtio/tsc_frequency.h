#pragma once

// How fast the time stamp counter counts: what processor or hypervisor say, else measured for a few
// milliseconds.

#include <cstdint>

#include "kernel/platform/virtio/x86_64/local_apic.h"

namespace holm::platform {

struct TscFrequency {
    std::uint64_t hz = 0;  // 0: could not be found out
    std::uint32_t error_ppm = 0;
    std::uint64_t apic_timer_hz = 0;  // ticks of the local APIC's timer; 0: not found out on the way
};

// What CPUID says: leaf 0x15, the hypervisor's leaf 0x40000010, or leaf 0x16.
TscFrequency told_tsc_frequency();

// Against the timer of the local APIC, which QEMU's emulation runs at 1 GHz, or the old timer chip.
TscFrequency measure_tsc_frequency(LocalApic& timer);

// Ticks of the local APIC's timer a second, measured for 0.1 ms.
std::uint64_t measure_apic_timer(LocalApic& timer, std::uint64_t tsc_hz);

}  // namespace holm::platform
