/* What a guest may do to the queues of its network device: frames that cannot be, and rings that break the
 * rules. */

#include "abi/boot_info.h"
#include "abi/hypercalls.h"
#include "abi/virtqueue.h"
#include "tests/image/images/hostile/hostile.h"

enum { kFrame = 60, kHeader = 12 };

static const struct holm_boot_info* boot;
static const struct holm_boot_queue* queue;

static void describe(uint16_t index, const volatile void* at, uint32_t size, uint16_t flags, uint16_t next) {
    struct holm_virtq_descriptor* const table = (void*)queue->ring;
    table[index] = (struct holm_virtq_descriptor){(uint64_t)at - boot->vm.bus_offset, size, flags, next};
}

static int equal(const char* left, const char* right) {
    while (*left && *left == *right) left++, right++;
    return *left == *right;
}

int abuse_network_device(const char* what, const struct holm_boot_info* info, hostile_hypercall* call) {
    boot = info;
    if (info->device_count < 2 || info->devices[1].queues[0].size == 0) return -1;
    queue = &info->devices[1].queues[HOLM_QUEUE_NET_TRANSMIT];
    uint8_t* const heap = (void*)(info->heap_start + info->heap_size / 2);
    uint16_t index = 1;
    uint16_t head = 0;
    describe(0, heap, kHeader + kFrame, 0, 0);
    if (equal(what, "net-frame")) {
    } else if (equal(what, "net-short-frame"))
        describe(0, heap, kHeader - 1, 0, 0);
    else if (equal(what, "net-long-frame"))
        describe(0, heap, 200000, 0, 0);
    else if (equal(what, "net-from-a-guard-page"))
        call(HOLM_HYPERCALL_GUARD, (uint64_t)heap & ~4095ull);
    else if (equal(what, "net-loop"))
        describe(0, heap, kFrame, HOLM_VIRTQ_NEXT, 0);
    else if (equal(what, "net-outside"))
        describe(0, (void*)(info->heap_start + info->heap_size - 1), kFrame, 0, 0);
    else if (equal(what, "net-head"))
        head = 0xffff;
    else if (equal(what, "net-index"))
        index = (uint16_t)(queue->size + 1);
    else if (equal(what, "net-indirect"))
        describe(0, heap, 16, HOLM_VIRTQ_INDIRECT, 0);
    else if (equal(what, "net-receive-into-code")) {
        queue = &info->devices[1].queues[HOLM_QUEUE_NET_RECEIVE];
        describe(0, (void*)&abuse_network_device, 2048, HOLM_VIRTQ_WRITE, 0);
    } else if (equal(what, "net-receive-without-room")) {
        queue = &info->devices[1].queues[HOLM_QUEUE_NET_RECEIVE];
        describe(0, heap, kHeader - 1, HOLM_VIRTQ_WRITE, 0);
    } else
        return -1;
    volatile struct holm_virtq_ring_head* const available =
        (void*)(queue->ring + holm_virtq_available(queue->size));
    *(volatile uint16_t*)(available + 1) = head;
    __asm__ volatile("" : : : "memory");
    available->index = index;
    struct holm_wait_call wait = {0, 0, 0};
    call(HOLM_HYPERCALL_WAIT, (uint64_t)&wait);
    const volatile struct holm_virtq_ring_head* const used =
        (void*)(queue->ring + holm_virtq_used(queue->size));
    return used->index;
}
