/* round_trips tcp|udp ADDRESS PORT SIZE PARALLEL SECONDS: sends messages of SIZE bytes to an echo service and
 * counts what comes back. TCP: PARALLEL connections, one message each under way. UDP: PARALLEL datagrams
 * under way, in batches; what is lost is sent anew. Prints the number of round trips and the seconds they
 * took. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, BATCH = 64 };

static char message[65536], answer[65536];

static void must(int good, const char* what) {
    if (good) return;
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tcp(const struct sockaddr_in* server, size_t size, int parallel, double seconds) {
    struct epoll_event events[BATCH];
    static size_t missing[MOST];
    static int sockets[MOST];
    const int one = 1;
    const int epoll = epoll_create1(0);
    for (int i = 0; i < parallel; ++i) {
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(sockets[i], IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
        must(connect(sockets[i], (const struct sockaddr*)server, sizeof(*server)) == 0, "connect");
        setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)i};
        must(epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event) == 0, "epoll_ctl");
    }
    const double begin = now(), end = begin + seconds;
    for (int i = 0; i < parallel; ++i) {
        missing[i] = size;
        must(write(sockets[i], message, size) == (ssize_t)size, "write");
    }
    unsigned long trips = 0;
    while (now() < end) {
        const int ready = epoll_wait(epoll, events, BATCH, 1000);
        must(ready > 0, "epoll_wait");
        for (int i = 0; i < ready; ++i) {
            const unsigned which = events[i].data.u32;
            const ssize_t got = read(sockets[which], answer, missing[which]);
            must(got > 0, "read");
            missing[which] -= (size_t)got;
            if (missing[which] > 0) continue;
            ++trips;
            missing[which] = size;
            must(write(sockets[which], message, size) == (ssize_t)size, "write");
        }
    }
    printf("%lu %f\n", trips, now() - begin);
}

static void udp(const struct sockaddr_in* server, size_t size, int parallel, double seconds) {
    struct iovec out = {message, size};
    static struct mmsghdr outgoing[BATCH], incoming[BATCH];
    static char answers[BATCH][2048];
    static struct iovec in[BATCH];
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    must(connect(fd, (const struct sockaddr*)server, sizeof(*server)) == 0, "connect");
    const struct timeval patience = {.tv_usec = 20000};
    must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0, "SO_RCVTIMEO");
    for (int i = 0; i < BATCH; ++i) {
        in[i] = (struct iovec){answers[i], sizeof(answers[i])};
        outgoing[i].msg_hdr = (struct msghdr){.msg_iov = &out, .msg_iovlen = 1};
        incoming[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
    }
    if (parallel > BATCH) parallel = BATCH;
    const double begin = now(), end = begin + seconds;
    unsigned long trips = 0;
    int due = parallel;
    while (now() < end) {
        for (int sent = 0; sent < due;) {
            const int some = sendmmsg(fd, outgoing, (unsigned)(due - sent), 0);
            must(some > 0, "sendmmsg");
            sent += some;
        }
        const int got = recvmmsg(fd, incoming, (unsigned)parallel, MSG_WAITFORONE, NULL);
        if (got > 0) trips += (unsigned)got;
        due = got > 0 ? got : parallel;
    }
    printf("%lu %f\n", trips, now() - begin);
}

int main(int argc, char** argv) {
    if (argc != 7) return 2;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[3]))};
    inet_pton(AF_INET, argv[2], &server.sin_addr);
    const size_t size = (size_t)atoi(argv[4]);
    const int parallel = atoi(argv[5]);
    if (size < 1 || size > sizeof(message) || parallel < 1 || parallel > MOST) return 2;
    (strcmp(argv[1], "tcp") == 0 ? tcp : udp)(&server, size, parallel, atof(argv[6]));
}
