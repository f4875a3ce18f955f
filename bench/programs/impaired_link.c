/* impaired_link NAMESPACE-A TAP-A NAMESPACE-B TAP-B [NAME=VALUE...]: makes a tap in each network namespace (a
 * path like /run/netns/NAME) and carries frames between them as an unkind network would, both ways alike:
 *
 *   loss=N    in a million frames, by chance        delay=N   microseconds each way
 *   rate=N    kbit/s (0: no bound)                  queue=N   bytes that wait for the rate; more are dropped
 *   burst=N   frames lost in a row at each loss     seed=N    of the chance
 *
 * The taps have no offloads, so that a frame is a packet of the wire. Prints "ready", and at SIGTERM how many
 * frames were carried, lost and dropped by the queue. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 2048, MOST = 1 << 14 };

struct packet {
    int64_t due; /* ns, CLOCK_MONOTONIC */
    int size;
    unsigned char bytes[FRAME];
};

/* One way: frames leave in the order in which they came. */
struct way {
    int from, to;
    uint64_t random;
    struct packet* packets; /* a ring of MOST */
    unsigned first, count;
    int64_t free_at; /* when the rate lets the next frame go */
    int losing;      /* frames of a burst still to be lost */
    unsigned long carried, lost, dropped;
};

static int64_t loss, delay, rate, queue = 256 << 10, burst = 1, seed = 1;
static volatile sig_atomic_t ended;

static void must(int good, const char* what) {
    if (good) return;
    perror(what);
    exit(1);
}

static void end(int signal) {
    (void)signal;
    ended = 1;
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int open_tap(const char* path, const char* name) {
    const int space = open(path, O_RDONLY | O_CLOEXEC);
    must(space >= 0 && setns(space, CLONE_NEWNET) == 0, path);
    close(space);
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    must(fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0, name);
    return fd;
}

/* splitmix64 */
static uint64_t draw(uint64_t* state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void take(struct way* way) {
    for (;;) {
        if (way->count == MOST) return; /* the tap's own queue holds the rest */
        struct packet* packet = &way->packets[(way->first + way->count) % MOST];
        const ssize_t size = read(way->from, packet->bytes, FRAME);
        if (size <= 0) return;
        if (way->losing == 0 && loss != 0 && (int64_t)(draw(&way->random) % 1000000) < loss)
            way->losing = (int)burst;
        if (way->losing > 0) {
            --way->losing;
            ++way->lost;
            continue;
        }
        int64_t leaves = now();
        if (rate != 0) {
            const int64_t waits = way->free_at > leaves ? way->free_at - leaves : 0;
            if (waits * rate / 8000000 > queue) {
                ++way->dropped;
                continue;
            }
            leaves += waits + size * INT64_C(8000000) / rate;
            way->free_at = leaves;
        }
        packet->due = leaves + delay * 1000;
        packet->size = (int)size;
        ++way->count;
    }
}

static void give(struct way* way, int64_t time) {
    for (; way->count > 0; --way->count) {
        const struct packet* packet = &way->packets[way->first];
        if (packet->due > time) return;
        if (write(way->to, packet->bytes, (size_t)packet->size) == packet->size) ++way->carried;
        way->first = (way->first + 1) % MOST;
    }
}

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    struct {
        const char* name;
        int64_t* value;
    } settings[] = {{"loss", &loss},   {"delay", &delay}, {"rate", &rate},
                    {"queue", &queue}, {"burst", &burst}, {"seed", &seed}};
    for (int i = 5; i < argc; ++i) {
        char* value = strchr(argv[i], '=');
        unsigned known = 0;
        for (unsigned k = 0; value && k < sizeof(settings) / sizeof(*settings); ++k) {
            if (strncmp(argv[i], settings[k].name, (size_t)(value - argv[i])) != 0) continue;
            *settings[k].value = strtoll(value + 1, NULL, 10);
            known = 1;
        }
        if (!known) {
            fprintf(stderr, "impaired_link: %s: expected loss=, delay=, rate=, queue=, burst= or seed=\n",
                    argv[i]);
            return 2;
        }
    }
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGTERM, end);
    const int a = open_tap(argv[1], argv[2]), b = open_tap(argv[3], argv[4]);
    struct way ways[2] = {{.from = a, .to = b, .random = (uint64_t)seed},
                          {.from = b, .to = a, .random = ~(uint64_t)seed}};
    for (int i = 0; i < 2; ++i)
        must((ways[i].packets = malloc(MOST * sizeof(struct packet))) != NULL, "malloc");
    puts("ready");
    fflush(stdout);
    while (!ended) {
        int64_t next = INT64_MAX;
        for (int i = 0; i < 2; ++i) {
            take(&ways[i]);
            give(&ways[i], now());
            if (ways[i].count > 0 && ways[i].packets[ways[i].first].due < next)
                next = ways[i].packets[ways[i].first].due;
        }
        const int64_t wait = next == INT64_MAX ? INT64_C(1000000000) : next - now();
        if (wait <= 0) continue;
        struct pollfd taps[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
        const struct timespec timeout = {wait / 1000000000, wait % 1000000000};
        must(ppoll(taps, 2, &timeout, NULL) >= 0 || errno == EINTR, "ppoll");
    }
    for (int i = 0; i < 2; ++i)
        printf("%lu carried, %lu lost, %lu dropped\n", ways[i].carried, ways[i].lost, ways[i].dropped);
}
