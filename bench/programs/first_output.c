/* first_output RUNS COMMAND [ARG...]: starts the command RUNS times, one after another, and prints for each run one line:
 * wall nanoseconds from before vfork to the first byte of its standard output, the same to after wait4, CPU nanoseconds,
 * exit status, CPU nanoseconds to the first byte. */

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
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < runs; ++i) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) return 1;
        const long long start = now();
        const pid_t child = vfork();
        if (child == 0) {
            dup2(null, 0);
            dup2(ends[1], 1);
            execvp(argv[2], argv + 2);
            _exit(127);
        }
        if (child < 0) return 1;
        close(ends[1]);
        char byte;
        if (read(ends[0], &byte, 1) != 1) return 1;
        const long long first = now();
        clockid_t processor; /* of all its threads */
        struct timespec used = {0, 0};
        if (clock_getcpuclockid(child, &processor) == 0) clock_gettime(processor, &used);
        while (read(ends[0], &byte, 1) > 0) {
        }
        int status = 0;
        struct rusage usage;
        if (wait4(child, &status, 0, &usage) != child) return 1;
        const long long end = now();
        close(ends[0]);
        printf("%lld %lld %lld %d %lld\n", first - start, end - start, nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime),
               WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), used.tv_sec * 1000000000LL + used.tv_nsec);
    }
    return 0;
}
