#pragma once

// What a virtio block device says about itself, for transports that negotiate (virtio-mmio, virtio-pci).

#include <cstdint>

#include "abi/boot_info.h"
#include "base/bytes.h"
#include "base/result.h"

namespace holm::drivers {

// Feature bits (virtio 1.2, 5.2.3). VIRTIO_F_EVENT_IDX is a matter of the queues (Virtqueue::Setup).
enum VirtioBlockFeature : std::uint64_t {
    kVirtioBlockSizeMax = 1u << 1,       // SIZE_MAX: buffers have a longest size
    kVirtioBlockSegMax = 1u << 2,        // SEG_MAX: requests have a most of buffers
    kVirtioBlockReadOnly = 1u << 5,      // RO
    kVirtioBlockBlkSize = 1u << 6,       // BLK_SIZE: sectors may be larger than 512 bytes
    kVirtioBlockFlush = 1u << 9,         // FLUSH
    kVirtioBlockDiscard = 1u << 13,      // DISCARD
    kVirtioBlockWriteZeroes = 1u << 14,  // WRITE_ZEROES
};

// Of what a device offers, what the driver takes.
constexpr std::uint64_t choose_virtio_block_features(std::uint64_t offered) {
    return offered & (kVirtioBlockSizeMax | kVirtioBlockSegMax | kVirtioBlockReadOnly | kVirtioBlockBlkSize |
                      kVirtioBlockFlush | kVirtioBlockDiscard | kVirtioBlockWriteZeroes);
}

// Bytes of the configuration space that parse_virtio_block() looks at.
constexpr std::size_t kVirtioBlockConfigSize = 60;

// From the configuration space (5.2.4), of which a device without the features at its end may have less than
// this. `features` is what was negotiated. Errors: kInvalid, with what cannot be.
Result<holm_boot_block> parse_virtio_block(Bytes configuration, std::uint64_t features);

}  // namespace holm::drivers
