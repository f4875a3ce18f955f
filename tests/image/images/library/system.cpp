#include <cstdlib>
#include <cstring>

#include <errno.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/image/images/library/check.h"

namespace {

int at_exit_order = 0;

}  // namespace

void test_system() {
    utsname name;
    CHECK(uname(&name) == 0 && std::strcmp(name.sysname, "Holm") == 0 &&
          std::strcmp(name.machine, "x86_64") == 0);
    CHECK(getpid() == 1 && getuid() == geteuid() && getgid() == getegid());
    CHECK(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_NPROCESSORS_ONLN) == 1);
    struct sysinfo info;
    CHECK(sysinfo(&info) == 0 && info.totalram > 60'000'000 && info.freeram <= info.totalram);
    rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 4096);
    limit.rlim_cur = 10;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == -1 && errno == EPERM);

    unsigned char random[32] = {};
    unsigned char more[32] = {};
    CHECK(getrandom(random, sizeof(random), 0) == 32 && getentropy(more, sizeof(more)) == 0);
    CHECK(std::memcmp(random, more, sizeof(random)) != 0);

    CHECK(signal(SIGPIPE, SIG_IGN) == SIG_DFL);
    CHECK(signal(SIGUSR1, [](int) {}) == SIG_ERR && errno == EINVAL);
    static int caught = 0;
    CHECK(signal(SIGTERM, [](int number) { caught = number; }) == SIG_DFL);
    CHECK(raise(SIGTERM) == 0 && caught == SIGTERM);
    CHECK(signal(SIGTERM, SIG_IGN) != SIG_ERR && raise(SIGTERM) == 0);
    sigset_t all;
    sigfillset(&all);
    CHECK(sigprocmask(SIG_BLOCK, &all, nullptr) == 0);

    // Nothing implements these, and they say so.
    CHECK(chroot("/data") == -1 && errno == ENOSYS);
    CHECK(chroot("/data") == -1 && errno == ENOSYS);
    CHECK(nice(5) == -1 && errno == ENOSYS);

    std::atexit([] { std::printf("at exit: %d\n", ++at_exit_order); });
    std::atexit([] { std::printf("at exit: %d\n", ++at_exit_order); });
}
