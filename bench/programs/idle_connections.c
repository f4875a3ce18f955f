/* idle_connections COUNT ADDRESS PORT FIRST-SOURCE [silent]: opens COUNT connections, exchanges one message
 * on each (unless silent), and holds them until its input ends; then each is asked once more. Children share
 * them out, because of the limit on descriptors; each has a source address of its own (FIRST-SOURCE and the
 * following ones), because of the limit on ports. Prints "open" when all are. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EACH = 16000 };

static int silent;

static void must(int good, const char* what) {
    if (good) return;
    perror(what);
    exit(1);
}

static void exchange(int stream) {
    char byte = 'x';
    must(send(stream, &byte, 1, MSG_NOSIGNAL) == 1, "send");
    must(recv(stream, &byte, 1, 0) == 1, "recv");
}

static void hold(int count, const struct sockaddr_in* server, struct in_addr source, int report) {
    static int sockets[EACH];
    const struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = source};
    const struct timeval patience = {.tv_sec = 100};
    char byte = 'x';
    for (int i = 0; i < count; ++i) {
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        must(sockets[i] >= 0, "socket");
        setsockopt(sockets[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        must(bind(sockets[i], (const struct sockaddr*)&local, sizeof(local)) == 0, "bind");
        must(connect(sockets[i], (const struct sockaddr*)server, sizeof(*server)) == 0, "connect");
        if (!silent) exchange(sockets[i]);
    }
    must(write(report, "x", 1) == 1, "write");
    while (read(0, &byte, 1) > 0) {
    }
    // Once more: they were held, not forgotten.
    for (int i = 0; i < count && !silent; ++i) exchange(sockets[i]);
    exit(0);
}

int main(int argc, char** argv) {
    if (argc != 5 && argc != 6) return 2;
    silent = argc == 6;
    int count = atoi(argv[1]);
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[3]))};
    inet_pton(AF_INET, argv[2], &server.sin_addr);
    struct in_addr source;
    inet_pton(AF_INET, argv[4], &source);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int pipes[2];
    must(pipe(pipes) == 0, "pipe");
    int children = 0;
    for (; count > 0; count -= EACH, ++children) {
        const pid_t child = fork();
        must(child >= 0, "fork");
        if (child == 0) {
            close(pipes[0]);
            hold(count < EACH ? count : EACH, &server, source, pipes[1]);
        }
        source.s_addr = htonl(ntohl(source.s_addr) + 1);
    }
    close(pipes[1]);
    char byte;
    for (int i = 0; i < children; ++i) must(read(pipes[0], &byte, 1) == 1, "a child has failed");
    puts("open");
    fflush(stdout);
    int worst = 0;
    for (int status; wait(&status) > 0;) worst |= status;
    return worst != 0;
}
