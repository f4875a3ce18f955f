#pragma once

// The virtqueues of a virtual machine: how many descriptors each has, where its ring lies, which doorbell is
// its own. Pure arithmetic.

#include <cstdint>
#include <span>

#include "abi/boot_info.h"

namespace holm::tender {

constexpr std::uint32_t kNetQueueSize = 256;    // descriptors: four batches of frames
constexpr std::uint32_t kBlockQueueSize = 256;  // three a request: 85 requests in flight

// Bytes that the rings of all granted devices take.
std::uint64_t rings_size(std::span<const holm_boot_device> devices);

// Writes the queues of each granted device as the guest is to see them: rings one behind the other from guest
// address `rings` on, doorbells in the page at `doorbells`.
void place_queues(std::span<holm_boot_device> devices, std::uint64_t rings, std::uint64_t doorbells);

}  // namespace holm::tender
