#pragma once

// The randomness that a machine is started with, from the processor and from a virtio-rng device.

#include <cstdint>
#include <span>

#include "abi/boot_info.h"
#include "kernel/platform/virtio/devices.h"
#include "kernel/platform/virtio/x86_64/cpuid.h"

namespace holm::platform {

// Fills the seed for the library OS and the numbers that the boot itself needs; a failure of the boot where
// there is neither RDRAND (`features` is CPUID's leaf 1) nor a device.
void make_seed(const Cpuid& features, Devices& devices, std::span<std::uint8_t, HOLM_SEED_SIZE> seed,
               std::span<std::uint64_t> numbers);

}  // namespace holm::platform
