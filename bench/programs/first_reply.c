/* first_reply ADDRESS PORT COMMAND [ARG...]: starts a server and asks it for "/" until the first answer has arrived.
 * Prints the nanoseconds from before vfork to the first byte of the reply, then ends the server (SIGTERM, then SIGKILL).
 * A new connection is tried every 200 µs, because a SYN that was lost before the server stood is repeated only after a
 * second. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kAttempts = 25000, kPauseNanoseconds = 200000 };

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* One try: connect, send the request, wait up to `patience` for the first byte. */
static int ask(const struct sockaddr_in* server, const struct timespec* patience) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    int answered = 0;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (connect(fd, (const struct sockaddr*)server, sizeof *server) == 0 || errno == EINPROGRESS) {
        if (ppoll(&wait, 1, patience, NULL) == 1 && !(wait.revents & (POLLERR | POLLHUP)) &&
            write(fd, request, sizeof request - 1) == (ssize_t)sizeof request - 1) {
            char reply[16];
            const struct timespec second = {.tv_sec = 1};
            wait.events = POLLIN;
            answered = ppoll(&wait, 1, &second, NULL) == 1 && read(fd, reply, sizeof reply) > 9 &&
                       memcmp(reply, "HTTP/1.1 ", 9) == 0;
        }
    }
    close(fd);
    return answered;
}

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) return 2;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const long long start = now();
    const pid_t child = vfork();
    if (child == 0) {
        dup2(null, 0);
        dup2(null, 1);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    const struct timespec pause = {.tv_nsec = kPauseNanoseconds};
    int answered = 0;
    long long end = start;
    for (int i = 0; i < kAttempts && !answered; ++i) {
        answered = ask(&server, &pause);
        end = now();
        if (!answered) {
            int status;
            if (waitpid(child, &status, WNOHANG) == child) {
                fprintf(stderr, "first_reply: the server ended (status %x)\n", status);
                return 1;
            }
            nanosleep(&pause, NULL);
        }
    }
    kill(child, SIGTERM);
    for (int i = 0; i < 200; ++i) {
        if (waitpid(child, NULL, WNOHANG) == child) break;
        if (i == 150) kill(child, SIGKILL);
        usleep(10000);
    }
    if (!answered) {
        fprintf(stderr, "first_reply: no answer\n");
        return 1;
    }
    printf("%lld\n", end - start);
    return 0;
}
