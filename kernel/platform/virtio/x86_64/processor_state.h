#pragma once

// What of the processor the image switches on: its control registers as the boot leaves them.

#include <cstdint>

#include "kernel/platform/virtio/x86_64/cpuid.h"

namespace holm::platform {

struct ProcessorState {
    std::uint64_t cr4;
    std::uint64_t xcr0;  // 0 where the processor has no XSAVE
};

// `features` is CPUID's leaf 1. A failure of the boot on a processor without FSGSBASE.
ProcessorState processor_state(const Cpuid& features);

}  // namespace holm::platform
