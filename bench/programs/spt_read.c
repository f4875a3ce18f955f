/* What Solo5's spt does for one block after another: pread64 at depth 1, behind spt's own filter (facts:
 * solo5.md 4.1; libseccomp's order: the calls of every guest first, then those of the device, with
 * descriptor, length and offset checked). Reads COUNT random blocks of 4 KiB of FILE; prints nothing. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kBlock = 4096 };

#define NUMBER offsetof(struct seccomp_data, nr)
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD)
#define IF(operation, value, yes, no) BPF_JUMP(BPF_JMP | BPF_##operation | BPF_K, (value), (yes), (no))
/* 64 bits of an argument must be a value of 32 bits: 4 instructions, `no` from the last one on. */
#define IS(n, value, no) \
    LOAD(ARGUMENT(n) + 4), IF(JEQ, 0, 0, (no) + 2), LOAD(ARGUMENT(n)), IF(JEQ, (value), 0, (no))

static void confine(int file, uint64_t highest) {
    const uint32_t high = (uint32_t)(highest >> 32), low = (uint32_t)highest;
    struct sock_filter code[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        IF(JEQ, AUDIT_ARCH_X86_64, 1, 0),
        KILL,
        LOAD(NUMBER),
        IF(JGE, 0x40000000, 0, 1),
        KILL,
        IF(JEQ, SYS_exit_group, 0, 1),
        ALLOW,
        IF(JEQ, SYS_write, 0, 6),
        IS(0, 1, 1),
        ALLOW,
        KILL,
        IF(JEQ, SYS_arch_prctl, 0, 6),
        IS(0, 0x1002, 1),
        ALLOW,
        KILL,
        IF(JEQ, SYS_epoll_pwait, 0, 6),
        IS(0, 100, 1),
        ALLOW,
        KILL,
        IF(JEQ, SYS_timerfd_settime, 0, 6),
        IS(0, 101, 1),
        ALLOW,
        KILL,
        IF(JEQ, SYS_clock_gettime, 0, 6),
        IS(0, 1, 1),
        ALLOW,
        KILL,
        IF(JEQ, SYS_pread64, 0, 15),
        IS(0, (uint32_t)file, 10),
        IS(2, kBlock, 6),
        LOAD(ARGUMENT(3) + 4),
        IF(JGT, high, 4, 0),
        IF(JEQ, high, 0, 2),
        LOAD(ARGUMENT(3)),
        IF(JGT, low, 1, 0),
        ALLOW,
        KILL,
        KILL,
    };
    const struct sock_fprog program = {sizeof code / sizeof code[0], code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(1);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(1);
}

static uint64_t next_random(uint64_t* state) { /* SplitMix64, as examples/blockbench */
    uint64_t mixed = *state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

int main(int argc, char** argv) {
    static char block[kBlock];
    if (argc != 3) return 2;
    const int file = open(argv[1], O_RDWR);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) return 1;
    const uint64_t blocks = (uint64_t)status.st_size / kBlock;
    const long count = atol(argv[2]);
    uint64_t state = 1;
    confine(file, (uint64_t)status.st_size - kBlock);
    for (long i = 0; i < count; i++)
        if (pread64(file, block, kBlock, (off_t)(next_random(&state) % blocks * kBlock)) != kBlock) _exit(1);
    _exit(0);
}
