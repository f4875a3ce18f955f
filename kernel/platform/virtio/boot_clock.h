#pragma once

// The clock that the boot hands over: the counter's frequency, and what time it is.

#include "abi/boot_info.h"
#include "kernel/platform/virtio/pv_clock.h"
#include "kernel/platform/virtio/virtio_platform.h"
#include "kernel/platform/virtio/x86_64/cpuid.h"

namespace holm::platform {

// Where KVM keeps its clock up to date, if there is one: memory that stays.
struct PvClockPages {
    alignas(64) PvClock time;
    alignas(64) PvWallClock wall;
};

// `features` is CPUID's leaf 1. Fills in the machine's clock and timer and what the library OS is told; a
// failure of the boot if nothing tells the counter's frequency and nothing can measure it.
void set_up_clock(const Cpuid& features, PvClockPages& pages, VirtioMachine& machine, holm_boot_clock& clock);

}  // namespace holm::platform
