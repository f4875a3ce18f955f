/* packet_flood DEVICE SOURCE_MAC TARGET_MAC SOURCE TARGET SECONDS PAUSE: small UDP packets (60 bytes with the Ethernet
 * header) out of a device as fast as it takes them, 32 a call. After PAUSE packets (0: never) it leaves the processor
 * to whoever else wants it, so that a router on the same one reads what was sent before there is more than its device
 * keeps. Prints how many were sent, and the nanoseconds of CPU that its thread has used, the kernel's part included. */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { kSize = 60, kBatch = 32 };

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint16_t checksum(const unsigned char* bytes, size_t size) {
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i += 2) sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void parse_mac(const char* text, unsigned char* mac) {
    for (int i = 0; i < 6; ++i) mac[i] = (unsigned char)strtoul(text + 3 * i, NULL, 16);
}

int main(int argc, char** argv) {
    if (argc != 8) return 2;
    unsigned char frame[kSize] = {0};
    parse_mac(argv[2], frame + 6);
    parse_mac(argv[3], frame);
    frame[12] = 0x08;
    unsigned char* const ip = frame + 14;
    ip[0] = 0x45;
    ip[3] = kSize - 14;
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = 17;
    if (inet_pton(AF_INET, argv[4], ip + 12) != 1 || inet_pton(AF_INET, argv[5], ip + 16) != 1) return 2;
    const uint16_t sum = checksum(ip, 20);
    ip[10] = (unsigned char)(sum >> 8);
    ip[11] = (unsigned char)sum;
    ip[21] = 9;                    /* from port 9 */
    ip[23] = 9;                    /* to port 9, with no checksum */
    ip[25] = kSize - 14 - 20;

    const int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll device = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    if (fd < 0 || bind(fd, (struct sockaddr*)&device, sizeof device) != 0) {
        perror(argv[1]);
        return 1;
    }
    struct iovec piece = {frame, sizeof frame};
    struct mmsghdr messages[kBatch];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < kBatch; ++i) {
        messages[i].msg_hdr.msg_iov = &piece;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int64_t end = now(CLOCK_MONOTONIC) + (int64_t)(atof(argv[6]) * 1e9);
    const long pause = atol(argv[7]);
    long sent = 0, sent_at_pause = 0;
    while (now(CLOCK_MONOTONIC) < end) {
        const int done = sendmmsg(fd, messages, kBatch, 0);
        if (done > 0) sent += done;
        if (pause != 0 && sent - sent_at_pause >= pause) {
            sched_yield();
            sent_at_pause = sent;
        }
    }
    printf("%ld %lld\n", sent, (long long)now(CLOCK_THREAD_CPUTIME_ID));
    return 0;
}
