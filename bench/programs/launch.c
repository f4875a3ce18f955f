/* launch RUNS COMMAND [ARG...]: starts the command RUNS times, one after another, output thrown away, and prints for
 * each run one line: wall and CPU nanoseconds from before vfork to after wait4, maximum resident KiB, exit status.
 * vfork and a small static program keep the launcher's own share out of the figures. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long nanoseconds(struct timeval t) { return t.tv_sec * 1000000000LL + t.tv_usec * 1000LL; }

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    const int runs = atoi(argv[1]);
    const int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < runs; ++i) {
        const long long start = now();
        const pid_t child = vfork();
        if (child == 0) {
            dup2(null, 0);
            dup2(null, 1);
            execvp(argv[2], argv + 2);
            _exit(127);
        }
        if (child < 0) return 1;
        int status = 0;
        struct rusage usage;
        if (wait4(child, &status, 0, &usage) != child) return 1;
        printf("%lld %lld %ld %d\n", now() - start, nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime),
               usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return 0;
}
