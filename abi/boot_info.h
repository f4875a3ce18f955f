#pragma once

/* What a tender hands to an image at its entry: the address of one holm_boot_info in %rdi.
 *
 * State at the entry (process and vm platforms): 64-bit, %rsp = top of a stack of manifest.stack_size bytes
 * with an unmapped page below it, %rsp + 8 divisible by 16, DF clear, FS and GS base 0, rd/wrfsbase usable
 * (FSGSBASE). Addresses are the image's own; on the host they are numbers (tender code uses a type that
 * cannot be dereferenced). The block, strings included, lies in writable memory of the guest, which should
 * erase the seed once used. */

#include <stddef.h>
#include <stdint.h>

#include "abi/manifest.h"

#define HOLM_BOOT_MAGIC 0x544f4f424d4c4f48ull /* "HOLMBOOT" */
#define HOLM_BOOT_VERSION 1u
#define HOLM_SEED_SIZE 64u

typedef uint64_t holm_guest_address;

/* A run of NUL-terminated strings, one after another. */
struct holm_strings {
    holm_guest_address start;
    uint32_t size;  /* bytes, NULs included */
    uint32_t count; /* strings */
};

/* How the frames or sectors of a device travel. */
enum holm_transport {
    HOLM_TRANSPORT_NONE = 0, /* optional device that was not granted */
    HOLM_TRANSPORT_TAP =
        1, /* handle is a non-blocking tap: one frame a read or write, 12-byte virtio-net header first */
    HOLM_TRANSPORT_STREAM = 2, /* handle is a non-blocking stream socket (passt): 4-byte big-endian length,
                                  then the frame, no virtio header, no offloads */
    HOLM_TRANSPORT_FILE = 3,   /* handle is a file or block special file: preadv2, pwrite64, fdatasync,
                                  fallocate */
    HOLM_TRANSPORT_RING = 4,   /* split virtqueues at addresses in the boot info (vm platform) */
};

/* A split virtqueue (virtio 1.2, 2.7; abi/virtqueue.h) in memory that both sides write. `ring` is the
 * descriptor table, at a multiple of 16; the available ring follows it at once, and the used ring at the next
 * multiple of 64 bytes behind that. Zeroed at the start. Addresses in descriptors are bus addresses: the
 * guest's own less holm_boot_vm.bus_offset. Both sides use the event index; no descriptor is indirect. */
struct holm_boot_queue {
    holm_guest_address ring;
    holm_guest_address notify; /* a 4-byte store here tells the other side to look at the available ring */
    uint32_t size;             /* descriptors, a power of two; 0: the device has no such queue */
    uint32_t notify_value;     /* what to store there */
};

/* What a device of HOLM_TRANSPORT_RING cannot do. Tenders' devices can do all. */
enum holm_ring_lacks {
    HOLM_RING_NO_EVENT_INDEX = 1u << 0,       /* VIRTIO_F_EVENT_IDX */
    HOLM_RING_NO_MERGEABLE_BUFFERS = 1u << 1, /* VIRTIO_NET_F_MRG_RXBUF */
};

enum holm_queue {
    HOLM_QUEUE_NET_RECEIVE = 0,
    HOLM_QUEUE_NET_TRANSMIT = 1,
    HOLM_QUEUE_BLOCK = 0,
    HOLM_MAX_QUEUES = 2,
};

enum holm_net_offload {
    HOLM_NET_CHECKSUM = 1u << 0, /* partial checksums accepted both ways (VIRTIO_NET_HDR_F_NEEDS_CSUM) */
    HOLM_NET_TSO4 = 1u << 1,
    HOLM_NET_TSO6 = 1u << 2,
    HOLM_NET_USO = 1u << 3,
};

/* How an interface gets the addresses of a family, when the operator said so; otherwise holm.toml decides,
 * and then DHCP for IPv4 and what routers advertise for IPv6. */
enum holm_net_configuration {
    HOLM_NET_FROM_IMAGE = 0,
    HOLM_NET_STATIC = 1,
    HOLM_NET_DHCP = 2,
    HOLM_NET_AUTOMATIC = 3, /* IPv6 only: as routers advertise, DHCPv6 if they say so */
    HOLM_NET_OFF = 4,       /* not this family */
};

#define HOLM_NET_UNTAGGED 0xffffu /* no VLAN, whatever the image says */

struct holm_boot_net {
    uint8_t mac[6];
    uint16_t mtu;            /* bytes of an IP packet */
    uint32_t offloads;       /* enum holm_net_offload */
    uint32_t configuration;  /* enum holm_net_configuration, of IPv4 */
    uint8_t ipv4_address[4]; /* network order; zero: none */
    uint8_t ipv4_gateway[4];
    uint8_t ipv4_dns[2][4];
    uint8_t ipv4_prefix_length;
    uint8_t ipv6_prefix_length;
    uint8_t ipv6_configuration; /* enum holm_net_configuration */
    uint8_t reserved;
    uint16_t vlan; /* 1 to 4094; 0: as the image says; HOLM_NET_UNTAGGED */
    uint8_t reserved_too[2];
    uint8_t ipv6_address[16];
    uint8_t ipv6_gateway[16];
    uint8_t ipv6_dns[2][16];
    /* Of this host and known to nobody else: addresses that the instance makes up are the same at each start
     * (RFC 7217). Zero: there is none. */
    uint8_t ipv6_secret[16];
};

/* What a device of HOLM_TRANSPORT_RING can do besides reading and writing. */
enum holm_block_feature {
    HOLM_BLOCK_FLUSH = 1u << 0,
    HOLM_BLOCK_DISCARD = 1u << 1,
    HOLM_BLOCK_WRITE_ZEROES = 1u << 2,
};

struct holm_boot_block {
    uint64_t sector_count;
    uint32_t sector_size;     /* bytes; 512 or 4096 */
    uint32_t flags;           /* enum holm_device_flags */
    uint32_t features;        /* enum holm_block_feature */
    uint32_t longest_piece;   /* bytes of one buffer of a request; 0: no limit. HOLM_TRANSPORT_RING only, as
                                 all that follow */
    uint64_t longest_discard; /* bytes of one request */
    uint64_t longest_zeroes;
    uint8_t reserved[40];
};

struct holm_boot_device {
    char name[HOLM_NAME_SIZE];
    uint32_t kind;       /* enum holm_device_kind */
    uint32_t transport;  /* enum holm_transport */
    int32_t handle;      /* process platform: descriptor */
    uint32_t ring_lacks; /* enum holm_ring_lacks */
    union {
        struct holm_boot_net net;
        struct holm_boot_block block;
    };
    struct holm_boot_queue queues[HOLM_MAX_QUEUES]; /* enum holm_queue; HOLM_TRANSPORT_RING only */
};

/* The clock: nanoseconds = (tsc - tsc_at_start) * 1e9 / tsc_hz, wall time = wall_at_start + nanoseconds. */
struct holm_boot_clock {
    uint64_t tsc_at_start;
    uint64_t
        monotonic_at_start_ns; /* the host's CLOCK_MONOTONIC at tsc_at_start; to relate to host deadlines */
    uint64_t wall_at_start_ns; /* since 1970-01-01 UTC */
    uint64_t tsc_hz;
    uint32_t tsc_error_ppm; /* 0: exact. Otherwise the guest refines it against the host's clock. */
    uint32_t reserved;
};

/* Process platform only: the gate page, the one place with a `syscall` instruction. */
struct holm_boot_gate {
    /* long call(long a, long b, long c, long d, long e, long f, long number): System V function; the result
     * is the kernel's, negative errno included. */
    holm_guest_address call;
    /* The first byte and one past the last byte of the stretch in call() before the kernel has been entered.
     * An upcall that interrupts a wait there moves the instruction pointer to `abandon`, which returns
     * -EINTR: so no stop request is slept through. */
    holm_guest_address window_begin;
    holm_guest_address window_end;
    holm_guest_address abandon;
};

/* Process platform only: threads of the instance beside its first one, for calls that may block. They run in
 * the image's address space behind the same filter, and get no signals but their own faults. Each waits in
 * the gate page until it can read 8 bytes from `wake`; then it calls entry(argument, index), on a stack of
 * its own, and never comes back. */
struct holm_boot_workers {
    holm_guest_address entry;    /* void entry(void*, uint64_t index): the image sets both ... */
    holm_guest_address argument; /* ... before its first write to `wake` */
    int32_t wake;                /* an eventfd that is a semaphore, with blocking reads */
    int32_t done;                /* a non-blocking eventfd, for ppoll in the first thread */
    uint32_t count;              /* of threads; 0 when no block device is granted */
    uint32_t reserved;
};

/* vm platform only: how the guest reaches its tender (abi/hypercalls.h). */
struct holm_boot_vm {
    holm_guest_address hypercalls; /* a page without memory behind it: a store is a hypercall */
    uint64_t bus_offset;           /* the guest's address of a byte less the address queues call it by */
};

enum holm_boot_flags {
    HOLM_BOOT_QUIET = 1u << 0, /* no messages of the library OS itself; the service's output stays */
};

struct holm_boot_info {
    uint64_t magic;    /* HOLM_BOOT_MAGIC */
    uint32_t version;  /* HOLM_BOOT_VERSION */
    uint32_t size;     /* sizeof(struct holm_boot_info) as the tender knows it */
    uint32_t platform; /* enum holm_platform */
    uint32_t flags;    /* enum holm_boot_flags */

    holm_guest_address image_base; /* load address minus link address is image_base - link_base */
    holm_guest_address image_link_base;
    uint64_t image_size; /* bytes from base to the end of the last segment */
    holm_guest_address program_headers;
    uint32_t program_header_count;
    uint32_t stop_grace_ms; /* time between a stop request and the end */

    holm_guest_address heap_start; /* page aligned, readable and writable, zeroed */
    uint64_t heap_size;            /* bytes; exactly what --mem granted */
    holm_guest_address stack_low;  /* lowest usable byte of the first stack */
    uint64_t stack_size;

    struct holm_boot_clock clock;
    struct holm_boot_gate gate;
    struct holm_boot_workers workers;
    struct holm_boot_vm vm;
    struct holm_strings arguments;   /* argv[0] is the image's name */
    struct holm_strings environment; /* NAME=value */
    uint8_t seed[HOLM_SEED_SIZE];    /* from the host's generator */

    uint32_t device_count;
    int32_t console_handle; /* process platform: descriptor of the console, normally 1 */
    struct holm_boot_device devices[HOLM_MAX_DEVICES];
};

/* The image's upcall (holm_manifest.upcall), entered like a C function on the alternate stack.
 *
 * Process platform: upcall(int signal, siginfo_t*, ucontext_t*) as the kernel calls a handler with
 * SA_SIGINFO; returning resumes what was interrupted. Signals: SEGV BUS ILL FPE TRAP (fault), TERM (stop
 * request), PROF (watchdog tick, each second of CPU time).
 *
 * vm platform: upcall(0, struct holm_upcall_frame*, holm_guest_address hypercalls), the same address as in
 * holm_boot_vm. It does not return: RESUME resumes. Vector registers are those of the interrupted code. While
 * it runs, stop requests and ticks wait, and a fault ends the instance. */

#ifdef __cplusplus
static_assert(sizeof(struct holm_boot_net) == 120);
static_assert(sizeof(struct holm_boot_block) == 80);
static_assert(sizeof(struct holm_boot_queue) == 24);
static_assert(sizeof(struct holm_boot_workers) == 32);
static_assert(sizeof(struct holm_boot_device) == 216);
static_assert(offsetof(struct holm_boot_info, devices) % 8 == 0);
#endif
