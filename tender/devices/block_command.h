#pragma once

// What one chain of a block device's virtqueue asks for (abi/virtio_block.h), checked against the device.
// Pure: it touches nothing but the request's own header.

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/uio.h>

#include "abi/virtio_block.h"
#include "tender/devices/virtqueue.h"

namespace holm::tender {

struct BlockLimits {
    std::uint64_t size = 0;         // bytes of the device
    std::uint32_t sector_size = 0;  // bytes
    bool read_only = false;
};

struct BlockCommand {
    // What is wrong with the chain itself, so that not even an error can be said; null: nothing.
    const char* malformed = nullptr;
    std::uint8_t* status = nullptr;  // where the guest expects the status
    // Other than OK: this is the answer, and nothing is to be done.
    holm_virtio_block_status verdict = HOLM_VIRTIO_BLOCK_OK;
    std::uint32_t type = HOLM_VIRTIO_BLOCK_FLUSH;  // enum holm_virtio_block_type
    std::uint64_t offset = 0;                      // bytes, within the device together with `size`
    std::uint64_t size = 0;
    std::span<iovec> data;  // in the guest's memory, `size` bytes, for READ and WRITE
};

// `pieces` are the chain's; they are trimmed in place.
BlockCommand parse_block_command(std::span<iovec> pieces, const Virtqueue::Chain& chain,
                                 const BlockLimits& limits);

}  // namespace holm::tender
