/* echo_server tcp|udp|give PORT: what Linux has to set against the images. TCP: one epoll loop, one read and
 * one write a message, TCP_NODELAY. UDP: recvmmsg and sendmmsg, up to 64 datagrams a call. `give`: sends an
 * endless stream to one client after another, byte i being (i + i / 251) mod 256. CUBIC; one thread; it
 * prints "ready" and never ends. */

#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, EVENTS = 256, SIZE = 16384 };

static void must(int good, const char* what) {
    if (good) return;
    perror(what);
    exit(1);
}

static int bound(int type, int port) {
    const int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    const int fd = socket(AF_INET, type, 0);
    must(fd >= 0, "socket");
    must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0, "SO_REUSEADDR");
    must(bind(fd, (struct sockaddr*)&address, sizeof(address)) == 0, "bind");
    return fd;
}

static void serve_tcp(int port) {
    static char buffer[SIZE];
    struct epoll_event events[EVENTS];
    const int one = 1;
    const int listener = bound(SOCK_STREAM | SOCK_NONBLOCK, port);
    const int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    setsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5); /* streams inherit it */
    must(listen(listener, 4096) == 0, "listen");
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0, "epoll_ctl");
    puts("ready");
    fflush(stdout);
    for (;;) {
        const int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                const int stream = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (stream < 0) continue;
                setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
                event = (struct epoll_event){.events = EPOLLIN, .data.fd = stream};
                must(epoll_ctl(epoll, EPOLL_CTL_ADD, stream, &event) == 0, "epoll_ctl");
                continue;
            }
            const ssize_t got = read(fd, buffer, sizeof(buffer));
            if (got <= 0 || write(fd, buffer, (size_t)got) != got) close(fd);
        }
    }
}

static void give(int port) {
    enum { PERIOD = 251 * 256 };
    static unsigned char pattern[4 * PERIOD];
    for (unsigned i = 0; i < sizeof(pattern); ++i) pattern[i] = (unsigned char)(i + i / 251);
    const int listener = bound(SOCK_STREAM, port);
    setsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    must(listen(listener, 4096) == 0, "listen");
    puts("ready");
    fflush(stdout);
    for (;;) {
        const int stream = accept(listener, NULL, NULL);
        for (size_t at = 0; stream >= 0;) {
            const ssize_t sent = send(stream, pattern + at, sizeof(pattern) - at, MSG_NOSIGNAL);
            if (sent < 0) break;
            at = (at + (size_t)sent) % PERIOD;
        }
        close(stream);
    }
}

static void serve_udp(int port) {
    static char buffers[BATCH][2048];
    static struct sockaddr_in from[BATCH];
    struct iovec pieces[BATCH];
    struct mmsghdr messages[BATCH];
    const int fd = bound(SOCK_DGRAM, port);
    puts("ready");
    fflush(stdout);
    for (;;) {
        for (int i = 0; i < BATCH; ++i) {
            pieces[i] = (struct iovec){buffers[i], sizeof(buffers[i])};
            messages[i].msg_hdr = (struct msghdr){
                .msg_name = &from[i], .msg_namelen = sizeof(from[i]), .msg_iov = &pieces[i], .msg_iovlen = 1};
        }
        const int got = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
        if (got <= 0) continue;
        for (int i = 0; i < got; ++i) pieces[i].iov_len = messages[i].msg_len;
        for (int sent = 0; sent < got;) {
            const int now = sendmmsg(fd, messages + sent, (unsigned)(got - sent), 0);
            if (now <= 0) break;
            sent += now;
        }
    }
}

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const int port = atoi(argv[2]);
    if (strcmp(argv[1], "tcp") == 0)
        serve_tcp(port);
    else if (strcmp(argv[1], "udp") == 0)
        serve_udp(port);
    else
        give(port);
}
