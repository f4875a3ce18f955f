#pragma once

/* The shared memory of a split virtqueue (virtio 1.2, 2.7): little-endian, written by driver and device. Both
 * sides take what they read here from the other for hostile: each field is copied once, then checked. */

#include <stdint.h>

#define HOLM_VIRTQ_MAX_SIZE 16384u /* descriptors; the standard allows 32768 */

enum holm_virtq_descriptor_flags {
    HOLM_VIRTQ_NEXT = 1u << 0,     /* `next` is the following descriptor of the chain */
    HOLM_VIRTQ_WRITE = 1u << 1,    /* the device writes; otherwise it reads */
    HOLM_VIRTQ_INDIRECT = 1u << 2, /* not in use */
};

struct holm_virtq_descriptor {
    uint64_t address; /* bus address */
    uint32_t size;    /* bytes */
    uint16_t flags;
    uint16_t next;
};

/* Both rings begin with these; behind them stand the entries, and behind those the other side's event index.
 */
enum holm_virtq_ring_flags {
    HOLM_VIRTQ_NO_SIGNAL = 1u << 0, /* the other side need not tell us; unused when the event index is */
    /* Ours, on HOLM_TRANSPORT_RING only: the device behind the queue has vanished (used ring). */
    HOLM_VIRTQ_GONE = 1u << 15,
};
struct holm_virtq_ring_head {
    uint16_t flags;
    uint16_t index; /* where the next entry will be put; counts up and wraps at 65536 */
};
struct holm_virtq_used_entry {
    uint32_t id;     /* first descriptor of the chain */
    uint32_t length; /* bytes that the device wrote */
};

/* Where the parts of a queue of `size` descriptors lie, in bytes from the descriptor table. */
static inline uint32_t holm_virtq_available(uint32_t size) {
    return 16 * size;
}
static inline uint32_t holm_virtq_used_event(uint32_t size) {
    return holm_virtq_available(size) + 4 + 2 * size;
}
static inline uint32_t holm_virtq_used(uint32_t size) {
    return (holm_virtq_used_event(size) + 2 + 63) / 64 * 64;
}
static inline uint32_t holm_virtq_available_event(uint32_t size) {
    return holm_virtq_used(size) + 4 + 8 * size;
}
static inline uint32_t holm_virtq_bytes(uint32_t size) {
    return holm_virtq_available_event(size) + 2;
}

/* The event index (VIRTIO_F_EVENT_IDX): the other side wants to be told when the index passes `event`, and it
 * has just gone from `before` to `now`. */
static inline int holm_virtq_passes(uint16_t event, uint16_t before, uint16_t now) {
    return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

#ifdef __cplusplus
static_assert(sizeof(struct holm_virtq_descriptor) == 16);
static_assert(sizeof(struct holm_virtq_ring_head) == 4);
static_assert(sizeof(struct holm_virtq_used_entry) == 8);
#endif
