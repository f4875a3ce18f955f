#pragma once

/* What a request of a virtio block device consists of (virtio 1.2, 5.2): a header that the device reads, data
 * that it reads or writes, a byte of status that it writes. Little-endian. */

#include <stdint.h>

#define HOLM_VIRTIO_BLOCK_SECTOR 512u /* bytes; sectors of the standard, whatever those of the device are */

enum holm_virtio_block_type {
    HOLM_VIRTIO_BLOCK_READ = 0,
    HOLM_VIRTIO_BLOCK_WRITE = 1,
    HOLM_VIRTIO_BLOCK_FLUSH = 4,
    HOLM_VIRTIO_BLOCK_DISCARD = 11,
    HOLM_VIRTIO_BLOCK_WRITE_ZEROES = 13,
};

enum holm_virtio_block_status {
    HOLM_VIRTIO_BLOCK_OK = 0,
    HOLM_VIRTIO_BLOCK_ERROR = 1,
    HOLM_VIRTIO_BLOCK_UNSUPPORTED = 2,
    /* Ours, from a tender's device alone: the host's disk is full. */
    HOLM_VIRTIO_BLOCK_NO_SPACE = 128,
};

struct holm_virtio_block_header {
    uint32_t type; /* enum holm_virtio_block_type */
    uint32_t reserved;
    uint64_t sector; /* where data begins; 0 for others than READ and WRITE */
};

/* The data of DISCARD and WRITE_ZEROES. */
struct holm_virtio_block_range {
    uint64_t sector;
    uint32_t sector_count;
    uint32_t flags; /* 1: zeroes may be made by freeing what lies behind them */
};

#ifdef __cplusplus
static_assert(sizeof(struct holm_virtio_block_header) == 16);
static_assert(sizeof(struct holm_virtio_block_range) == 16);
#endif
