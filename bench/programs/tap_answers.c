/* tap_answers TAP ADDRESS [join]: answers DNS queries for ADDRESS (IPv4) with one made-up record each,
 * without looking at the name: the least that a name server behind a tap costs. Reads until the tap is empty,
 * 32 frames at most, then writes the answers, as the library OS does (kernel/drivers/net); `join`: equally
 * long ones to one socket as one frame (USO). */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* From the start of what is read: the virtio-net header, Ethernet, IPv4 without options, UDP, DNS. */
enum { kEthernet = 12, kIp = 26, kUdp = 46, kDns = 54, kRecord = 16 };
enum { kBurst = 32, kRoom = 2048, kJoined = 64 * kRoom };

struct frame {
    unsigned char bytes[kRoom];
    size_t size;
    int answered;
};

static const unsigned char kMac[6] = {2, 0, 0, 0, 0, 9};
static unsigned char own[4];

static void put16(unsigned char* at, size_t value) {
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

/* The sum of 16-bit words, folded. */
static unsigned sum_of(const unsigned char* at, size_t size, unsigned sum) {
    for (size_t i = 0; i < size; i += 2) sum += (unsigned)at[i] << 8 | at[i + 1];
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void turn_around(unsigned char* bytes) {
    memcpy(bytes + kEthernet, bytes + kEthernet + 6, 6);
    memcpy(bytes + kEthernet + 6, kMac, 6);
}

static int answer_arp(unsigned char* bytes) {
    unsigned char* const arp = bytes + kEthernet + 14;
    if (arp[7] != 1 || memcmp(arp + 24, own, 4) != 0) return 0;
    turn_around(bytes);
    memset(bytes, 0, kEthernet);
    arp[7] = 2;
    memcpy(arp + 18, arp + 8, 10);
    memcpy(arp + 8, kMac, 6);
    memcpy(arp + 14, own, 4);
    return 1;
}

/* Lengths and checksums, the one of UDP left to the device, and in one frame `segment` bytes of payload a
 * datagram. */
static void put_headers(unsigned char* bytes, size_t size, size_t segment) {
    const size_t datagram = size - kUdp;
    memset(bytes, 0, kEthernet);
    bytes[0] = 1; /* the checksum at the start, little-endian, and the offset is to be completed */
    bytes[6] = kUdp - kEthernet;
    bytes[8] = 6;
    if (datagram - 8 > segment) {
        bytes[1] = 5; /* VIRTIO_NET_HDR_GSO_UDP_L4 */
        bytes[2] = kDns - kEthernet;
        bytes[4] = (unsigned char)segment;
        bytes[5] = (unsigned char)(segment >> 8);
    }
    put16(bytes + kIp + 2, size - kIp);
    put16(bytes + kIp + 10, 0);
    put16(bytes + kIp + 10, ~sum_of(bytes + kIp, 20, 0));
    put16(bytes + kUdp + 4, datagram);
    put16(bytes + kUdp + 6, sum_of(bytes + kIp + 12, 8, 17 + (unsigned)datagram));
}

static int answer_query(struct frame* frame) {
    static const unsigned char record[kRecord] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 10, 1, 2, 3};
    unsigned char* const bytes = frame->bytes;
    if (frame->size < kDns + 12 || frame->size > kRoom - kRecord || bytes[kIp] != 0x45 ||
        bytes[kIp + 9] != 17 || memcmp(bytes + kIp + 16, own, 4) != 0)
        return 0;
    turn_around(bytes);
    memcpy(bytes + kIp + 16, bytes + kIp + 12, 4);
    memcpy(bytes + kIp + 12, own, 4);
    memcpy(bytes + kUdp + 2, bytes + kUdp, 2);
    put16(bytes + kUdp, 53);
    put16(bytes + kDns + 2, 0x8400); /* an answer, authoritative */
    put16(bytes + kDns + 6, 1);
    memcpy(bytes + frame->size, record, kRecord);
    frame->size += kRecord;
    return 1;
}

/* Appends what is as long as `frames[first]` and goes to the same socket; returns the size of all. */
static size_t join(struct frame* frames, int first, int count, unsigned char* all) {
    size_t size = frames[first].size;
    memcpy(all, frames[first].bytes, size);
    for (int i = first + 1; i < count; ++i) {
        struct frame* const next = &frames[i];
        if (!next->answered || next->size != frames[first].size ||
            memcmp(next->bytes + kUdp + 2, all + kUdp + 2, 2) != 0)
            continue;
        memcpy(all + size, next->bytes + kDns, next->size - kDns);
        size += next->size - kDns;
        next->answered = 0;
    }
    return size;
}

static void answer_all(int tap, struct frame* frames, int count, int joins) {
    static unsigned char all[kJoined];
    for (int i = 0; i < count; ++i) {
        struct frame* const frame = &frames[i];
        const int type = frame->size > kIp ? frame->bytes[kIp - 2] << 8 | frame->bytes[kIp - 1] : 0;
        if (type == 0x0806 && answer_arp(frame->bytes) && write(tap, frame->bytes, frame->size) < 0)
            perror("tap_answers");
        frame->answered = type == 0x0800 && answer_query(frame);
    }
    for (int i = 0; i < count; ++i) {
        if (!frames[i].answered) continue;
        const size_t segment = frames[i].size - kDns;
        unsigned char* const bytes = joins ? all : frames[i].bytes;
        const size_t size = joins ? join(frames, i, count, all) : frames[i].size;
        put_headers(bytes, size, segment);
        if (write(tap, bytes, size) < 0) continue; /* lost, as datagrams may be */
    }
}

int main(int argc, char** argv) {
    if (argc < 3 || inet_pton(AF_INET, argv[2], own) != 1) return 2;
    const int joins = argc > 3;
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
    const int header = kEthernet;
    const int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &request) != 0 || ioctl(tap, TUNSETVNETHDRSZ, &header) != 0) {
        perror(argv[1]);
        return 1;
    }
    static struct frame frames[kBurst];
    for (;;) {
        int count = 0;
        ssize_t size = 0;
        while (count < kBurst && (size = read(tap, frames[count].bytes, kRoom)) > 0)
            frames[count++].size = (size_t)size;
        answer_all(tap, frames, count, joins);
        struct pollfd wait = {tap, POLLIN, 0};
        if (count < kBurst && poll(&wait, 1, -1) < 0) return 1;
    }
}
