#include "cli/inspect/reader_sandbox.h"

#include <cstring>

#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/failure.h"

namespace holm::cli {
namespace {

// A ruleset that handles everything and allows nothing: no file can be opened any more. Where the kernel has
// no Landlock, the filter alone says so.
void deny_files() {
    landlock_ruleset_attr rules{};
    rules.handled_access_fs =
        (std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_SYM} << 1) - 1;  // all of the first version
    const long ruleset = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (ruleset < 0) return;
    syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(static_cast<int>(ruleset));
}

}  // namespace

void enter_reader_sandbox() {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail_with("the sandbox cannot be set up: {}", std::strerror(errno));
    deny_files();
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int error = filter == nullptr ? -ENOMEM : 0;
    const auto allow = [&](int call, auto... conditions) {
        if (error == 0)
            error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, sizeof...(conditions), conditions...);
    };
    for (const int call : {SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
                           SCMP_SYS(lseek), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
                           SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid),
                           SCMP_SYS(gettid), SCMP_SYS(exit), SCMP_SYS(exit_group)}) {
        allow(call);
    }
    for (const scmp_datum_t output : {1, 2}) {
        allow(SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, output));
        allow(SCMP_SYS(writev), SCMP_A0(SCMP_CMP_EQ, output));
        allow(SCMP_SYS(ioctl), SCMP_A0(SCMP_CMP_EQ, output));  // stdio asks whether it writes to a terminal
    }
    // Memory is never executable, and never a file.
    allow(SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
          SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    allow(SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (error == 0) error = seccomp_load(filter);
    seccomp_release(filter);
    if (error != 0) fail_with("the sandbox cannot be set up: {}", std::strerror(-error));
}

}  // namespace holm::cli
