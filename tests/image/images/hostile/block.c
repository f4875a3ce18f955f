/* What a guest may do to the queue of its block device: requests that cannot be, and rings that break the
 * rules. */

#include "abi/boot_info.h"
#include "abi/hypercalls.h"
#include "abi/virtio_block.h"
#include "abi/virtqueue.h"
#include "tests/image/images/hostile/hostile.h"

enum { kPage = 4096, kPatience = 500 };

/* All of one request, each on a page of its own in the middle of the heap. */
struct request {
    struct holm_virtio_block_header* header;
    uint8_t* data;
    volatile uint8_t* status;
};

static const struct holm_boot_info* boot;
static const struct holm_boot_queue* queue;
static hostile_hypercall* call;

static void* page(uint64_t number) {
    return (void*)(boot->heap_start + (boot->heap_size / 2 & ~(uint64_t)(kPage - 1)) + number * kPage);
}

static void describe(uint16_t index, const volatile void* at, uint32_t size, uint16_t flags, uint16_t next) {
    struct holm_virtq_descriptor* const table = (void*)queue->ring;
    table[index] = (struct holm_virtq_descriptor){(uint64_t)at - boot->vm.bus_offset, size, flags, next};
}

static void ring_doorbell(void) {
    *(volatile uint32_t*)queue->notify = queue->notify_value;
}

static void publish(uint16_t index) {
    volatile struct holm_virtq_ring_head* const available =
        (void*)(queue->ring + holm_virtq_available(queue->size));
    *(volatile uint16_t*)(available + 1) = 0;
    __asm__ volatile("" : : : "memory");
    available->index = index;
    ring_doorbell();
}

/* Until the device has done with one chain, or for some seconds. */
static void wait_for_answer(void) {
    const volatile struct holm_virtq_ring_head* const used =
        (void*)(queue->ring + holm_virtq_used(queue->size));
    for (int i = 0; i < kPatience && used->index == 0; i++) {
        struct holm_clock_call clock;
        call(HOLM_HYPERCALL_CLOCK, (uint64_t)&clock);
        const uint64_t now = (clock.monotonic_ns - boot->clock.monotonic_at_start_ns);
        struct holm_wait_call wait = {now + 20 * 1000 * 1000, 0, 0};
        call(HOLM_HYPERCALL_WAIT, (uint64_t)&wait);
    }
}

static struct request make(uint32_t type, uint64_t sector) {
    const struct request made = {page(0), page(1), page(2)};
    *made.header = (struct holm_virtio_block_header){type, 0, sector};
    *made.status = 255;
    describe(0, made.header, sizeof *made.header, HOLM_VIRTQ_NEXT, 1);
    describe(1, made.data, 512, HOLM_VIRTQ_NEXT | (type == HOLM_VIRTIO_BLOCK_READ ? HOLM_VIRTQ_WRITE : 0), 2);
    describe(2, made.status, 1, HOLM_VIRTQ_WRITE, 0);
    return made;
}

static int equal(const char* left, const char* right) {
    while (*left && *left == *right) left++, right++;
    return *left == *right;
}

int abuse_block_device(const char* what, uint64_t a, uint64_t b, const struct holm_boot_info* info,
                       hostile_hypercall* hypercall) {
    boot = info;
    call = hypercall;
    queue = &info->devices[0].queues[HOLM_QUEUE_BLOCK];
    if (info->device_count == 0 || queue->size == 0) return -1;
    struct request request = make(HOLM_VIRTIO_BLOCK_READ, 0);
    uint16_t index = 1;
    if (equal(what, "block-request"))
        request = make((uint32_t)a, b);
    else if (equal(what, "block-far-request"))
        request = make((uint32_t)a, ~0ull - b);
    else if (equal(what, "block-without-header"))
        describe(0, request.header, 15, HOLM_VIRTQ_NEXT, 2);
    else if (equal(what, "block-without-status"))
        describe(0, request.header, 16, 0, 0);
    else if (equal(what, "block-loop"))
        describe(1, request.data, 512, HOLM_VIRTQ_NEXT | HOLM_VIRTQ_WRITE, 1);
    else if (equal(what, "block-outside"))
        describe(1, (void*)(boot->heap_start + boot->heap_size), 512, HOLM_VIRTQ_NEXT | HOLM_VIRTQ_WRITE, 2);
    else if (equal(what, "block-into-code"))
        describe(1, (void*)&abuse_block_device, 512, HOLM_VIRTQ_NEXT | HOLM_VIRTQ_WRITE, 2);
    else if (equal(what, "block-index"))
        index = (uint16_t)(queue->size + 1);
    else if (equal(what, "block-data-on-a-guard-page"))
        call(HOLM_HYPERCALL_GUARD, (uint64_t)request.data);
    else if (equal(what, "block-status-on-a-guard-page"))
        call(HOLM_HYPERCALL_GUARD, (uint64_t)request.status);
    else if (equal(what, "block-flood")) {
        for (uint64_t i = 0; i < a; i++) ring_doorbell();
    } else
        return -1;
    publish(index);
    wait_for_answer();
    return *request.status;
}
